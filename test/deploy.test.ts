import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { entriesOf, hubServices } from '../deploy/compose-services.ts';
import { type Plain, type PlainMap, readPlainYaml } from '../deploy/plain-yaml.ts';
import { ROOT } from './support/command.ts';

const DEPLOY = join(ROOT, 'deploy');
const fileOf = (name: string) => readFileSync(join(DEPLOY, name), 'utf8');
const listOf = (value: Plain | undefined): readonly Plain[] => (Array.isArray(value) ? value : []);
const at = (value: Plain | undefined, ...path: readonly string[]): Plain | undefined =>
  path.reduce<Plain | undefined>((inner, key) => entriesOf(inner)[key], value);
const named = (value: Plain) => String(at(value, 'name'));

const SUBGRAPHS = [
  ...readFileSync(join(ROOT, 'schema/generated/supergraph.graphql'), 'utf8').matchAll(/join__graph\(name: "([a-z-]+)"/g),
].map(([, name = '']) => name);
const HOST = (name: string) => `http://${name}:4000`;

describe('plain YAML', () => {
  it('is read as maps, lists and texts', () => {
    const text = [
      '# a comment',
      'a: 1',
      'b:',
      '  - c: "x: y"',
      '    d: [ALL, "two words"]',
      '  - e',
      'list:',
      '- 8080',
      'empty: {}',
      'text: |',
      '  first',
      '    second',
      '',
      '  third',
      'last: true',
    ].join('\n');
    expect(readPlainYaml(text)).toEqual([
      {
        a: 1,
        b: [{ c: 'x: y', d: ['ALL', 'two words'] }, 'e'],
        list: [8080],
        empty: {},
        text: 'first\n  second\n\nthird\n',
        last: true,
      },
    ]);
  });

  it.each([
    ['a: 1\n   b: 2', 'line 2 stands too far in: b: 2'],
    ['a: 1\njust words', 'line 2 is not plain YAML: just words'],
  ])('is refused where it is none: %j', (text, message) => {
    expect(() => readPlainYaml(text)).toThrow(message);
  });
});

describe('compose.yaml', () => {
  const [compose] = readPlainYaml(fileOf('compose.yaml'));
  const services = entriesOf(at(compose, 'services'));

  it('starts two gateways and every subgraph, each behind what it depends on', () => {
    const hubs = hubServices(fileOf('compose.yaml'));
    const subgraphs = hubs.filter(({ command }) => command[1] === 'subgraph');
    expect(subgraphs.map(({ command }) => command[2]).sort()).toEqual([...SUBGRAPHS].sort());
    expect(subgraphs.every(({ name, command }) => name === command[2])).toBe(true);
    expect(hubs.slice(-2).map(({ command }) => command[1])).toEqual(['gateway', 'gateway']);
  });

  it('lets each of them answer to the name under which the others call it', () => {
    for (const name of SUBGRAPHS) expect(at(services[name], 'environment', 'HUB_ALLOWED_HOSTS')).toBe(name);
    expect(JSON.parse(fileOf('subgraphs.json'))).toEqual(Object.fromEntries(SUBGRAPHS.map((name) => [name, HOST(name)])));
  });

  it('mounts files that are there, or that it says how to make', () => {
    const made = ['issuers.json', 'mongo.key', 'mongo.password'];
    const mounted = Object.values(services).flatMap((service) => listOf(at(service, 'volumes')).map(String));
    const sources = mounted.map((mount) => mount.split(':')[0] ?? '');
    const volumes = Object.keys(entriesOf(at(compose, 'volumes')));
    for (const source of sources) {
      if (source.startsWith('./')) expect(existsSync(join(DEPLOY, source)) || made.includes(source.slice(2))).toBe(true);
      else expect(volumes).toContain(source);
    }
    for (const secret of Object.values(entriesOf(at(compose, 'secrets')))) expect(made).toContain(String(at(secret, 'file')).slice(2));
    for (const name of made) expect(fileOf('compose.yaml')).toContain(name);
  });

  it('watches the health of every service, and starts none before what it needs is well', () => {
    for (const [name, service] of Object.entries(services)) {
      expect([name, listOf(at(service, 'healthcheck', 'test')).length > 0]).toEqual([name, true]);
      for (const [other, condition] of Object.entries(entriesOf(at(service, 'depends_on')))) {
        expect(services).toHaveProperty(other);
        expect(at(condition, 'condition')).toBe('service_healthy');
      }
    }
  });

  it('has a proxy that knows both gateways, and members that the address of the store names', () => {
    const gateways = Object.keys(services).filter((name) => name.startsWith('gateway-'));
    for (const gateway of gateways) expect(fileOf('nginx.conf')).toContain(`server ${gateway}:4000`);
    const members = Object.keys(services).filter((name) => name.startsWith('mongo-'));
    expect(members).toHaveLength(3);
    expect(String(at(services.records, 'environment', 'HUB_STORE'))).toContain(`@${members.join(',')}/credit_hub?replicaSet=hub`);
    for (const member of members) expect(fileOf('replica-set.js')).toContain(`'${member}'`);
  });
});

describe('the manifests for Kubernetes', () => {
  const objects = readdirSync(join(DEPLOY, 'kubernetes')).flatMap((name) => readPlainYaml(fileOf(`kubernetes/${name}`)));
  const kindOf = (kind: string) => objects.filter((object) => at(object, 'kind') === kind);
  const nameOf = (object: Plain) => String(at(object, 'metadata', 'name'));
  const templatesOf = (deployment: Plain) => entriesOf(at(deployment, 'spec', 'template'));
  const containersOf = (deployment: Plain) => listOf(at(templatesOf(deployment), 'spec', 'containers'));
  const deployments = kindOf('Deployment');
  const VERSIONS: Readonly<Record<string, string>> = {
    ConfigMap: 'v1',
    Secret: 'v1',
    Service: 'v1',
    PersistentVolumeClaim: 'v1',
    Deployment: 'apps/v1',
    PodDisruptionBudget: 'policy/v1',
    NetworkPolicy: 'networking.k8s.io/v1',
    HorizontalPodAutoscaler: 'autoscaling/v2',
  };
  /** Whether every label that is asked for is there. */
  const selects = (selector: PlainMap, labels: PlainMap) => Object.entries(selector).every(([key, value]) => labels[key] === value);
  const labelsOf = (deployment: Plain) => entriesOf(at(templatesOf(deployment), 'metadata', 'labels'));

  it('are of versions that are served, and of names that stand once a kind', () => {
    expect(objects.map((object) => at(object, 'apiVersion'))).toEqual(objects.map((object) => VERSIONS[String(at(object, 'kind'))]));
    const names = objects.map((object) => `${at(object, 'kind')}/${nameOf(object)}`);
    expect(new Set(names).size).toBe(names.length);
  });

  it('run the gateway and every subgraph, at least twice', () => {
    expect(deployments.map(nameOf).sort()).toEqual(['gateway', ...SUBGRAPHS].sort());
    for (const deployment of deployments) expect(Number(at(deployment, 'spec', 'replicas'))).toBeGreaterThanOrEqual(2);
    const [addresses] = kindOf('ConfigMap').filter((object) => nameOf(object) === 'hub-subgraphs');
    const listed = JSON.parse(String(at(addresses, 'data', 'subgraphs.json')));
    expect(listed).toEqual(Object.fromEntries(SUBGRAPHS.map((name) => [name, HOST(name)])));
  });

  it('select pods by labels that these carry, one deployment each', () => {
    for (const deployment of deployments) {
      const selector = entriesOf(at(deployment, 'spec', 'selector', 'matchLabels'));
      expect(deployments.filter((other) => selects(selector, labelsOf(other)))).toEqual([deployment]);
      const service = kindOf('Service').find((object) => nameOf(object) === nameOf(deployment));
      expect(selects(entriesOf(at(service, 'spec', 'selector')), labelsOf(deployment))).toBe(true);
      const budget = kindOf('PodDisruptionBudget').find((object) => nameOf(object) === nameOf(deployment));
      expect(selects(entriesOf(at(budget, 'spec', 'selector', 'matchLabels')), labelsOf(deployment))).toBe(true);
      const [port] = listOf(at(service, 'spec', 'ports'));
      const open = containersOf(deployment).flatMap((container) => listOf(at(container, 'ports')));
      expect(open.map(named)).toContain(at(port, 'targetPort'));
    }
    for (const policy of kindOf('NetworkPolicy')) {
      const selector = entriesOf(at(policy, 'spec', 'podSelector', 'matchLabels'));
      expect(deployments.some((deployment) => selects(selector, labelsOf(deployment)))).toBe(true);
    }
    const [scaler] = kindOf('HorizontalPodAutoscaler');
    expect(deployments.map(nameOf)).toContain(at(scaler, 'spec', 'scaleTargetRef', 'name'));
  });

  it('probe paths that the hub answers, under a name that it answers to', () => {
    const served = readFileSync(join(ROOT, 'gateway/request-handler.ts'), 'utf8');
    for (const container of deployments.flatMap(containersOf)) {
      const probes = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) => at(container, probe, 'httpGet'));
      expect(probes.map((probe) => at(probe, 'path'))).toEqual(['/healthz', '/healthz', '/readyz']);
      for (const probe of probes) {
        expect(served).toContain(`'${at(probe, 'path')}'`);
        expect(listOf(at(probe, 'httpHeaders'))).toEqual([{ name: 'Host', value: 'localhost' }]);
      }
    }
  });

  it('refer to settings, secrets and volumes that are there', () => {
    const there = (kind: string) => kindOf(kind).map(nameOf);
    for (const deployment of deployments) {
      const volumes = listOf(at(templatesOf(deployment), 'spec', 'volumes'));
      const [container] = containersOf(deployment);
      expect(listOf(at(container, 'volumeMounts')).map(named).sort()).toEqual(volumes.map(named).sort());
      const references = [
        ...listOf(at(container, 'envFrom')).flatMap((from) => [at(from, 'configMapRef', 'name'), at(from, 'secretRef', 'name')]),
        ...volumes.flatMap((volume) => [
          at(volume, 'configMap', 'name'),
          at(volume, 'secret', 'secretName'),
          at(volume, 'persistentVolumeClaim', 'claimName'),
        ]),
      ].filter((name) => name !== undefined);
      expect(references).toHaveLength(5);
      for (const name of references) expect([...there('ConfigMap'), ...there('Secret'), ...there('PersistentVolumeClaim')]).toContain(name);
    }
  });

  it('hold templates in place of secrets', () => {
    const [store] = kindOf('Secret').filter((object) => nameOf(object) === 'hub-store');
    expect(at(store, 'stringData', 'HUB_STORE')).toContain('REPLACE-ME');
  });
});

describe('the image', () => {
  it('is built of every folder that the hub runs from, and runs as nobody in particular', () => {
    const containerfile = fileOf('Containerfile');
    for (const folder of ['schema', 'auth', 'store', 'subgraphs', 'gateway', 'cli', 'samples']) {
      expect(containerfile).toContain(`COPY ${folder} ./${folder}`);
      expect(fileOf('Containerfile.dockerignore')).toContain(`!${folder}\n`);
    }
    expect(containerfile).toMatch(/^USER node$/m);
    expect(containerfile.match(/^FROM \S+/gm)).toEqual(['FROM node:24-slim', 'FROM node:24-slim']);
  });
});
