import type { RequestEntry } from './request-log.ts';

/** Counts requests for Prometheus; no label is an organisation, a subject or an id. */
export interface Metrics {
  begin(): void;
  end(entry: RequestEntry): void;
  /** Text format 0.0.4. */
  print(): string;
}

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
/** Upper bounds in seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMetrics(more: () => readonly string[] = () => []): Metrics {
  const counts = new Map<string, number>();
  const durations = BUCKETS.map(() => 0);
  let seconds = 0;
  let ended = 0;
  let running = 0;

  return {
    begin() {
      running++;
    },
    end({ audience, kind, codes, durationMs }) {
      running--;
      ended++;
      const labels = `audience="${audience}",operation="${kind}",code="${codes[0] ?? 'OK'}"`;
      counts.set(labels, (counts.get(labels) ?? 0) + 1);
      seconds += durationMs / 1000;
      const bucket = BUCKETS.findIndex((bound) => durationMs / 1000 <= bound);
      if (bucket >= 0) durations[bucket] = (durations[bucket] ?? 0) + 1;
    },
    print() {
      let below = 0;
      return [
        '# HELP hub_requests_total Answered GraphQL requests.',
        '# TYPE hub_requests_total counter',
        ...[...counts].map(([labels, count]) => `hub_requests_total{${labels}} ${count}`),
        '# HELP hub_requests_running GraphQL requests that are being answered.',
        '# TYPE hub_requests_running gauge',
        `hub_requests_running ${running}`,
        '# HELP hub_request_duration_seconds Time from the first byte read to the answer.',
        '# TYPE hub_request_duration_seconds histogram',
        ...BUCKETS.map((bound, index) => {
          below += durations[index] ?? 0;
          return `hub_request_duration_seconds_bucket{le="${bound}"} ${below}`;
        }),
        `hub_request_duration_seconds_bucket{le="+Inf"} ${ended}`,
        `hub_request_duration_seconds_sum ${seconds}`,
        `hub_request_duration_seconds_count ${ended}`,
        ...more(),
        '',
      ].join('\n');
    },
  };
}

/** Samples of one metric, by name and labels. */
interface Family {
  readonly head: string[];
  readonly samples: Map<string, number>;
}
interface MergeOptions {
  /** Without gauges: what they speak of is gone. */
  readonly countersOnly?: boolean | undefined;
}

/** One text of several: what has the same name and labels is added up; of gauges of time the longest stands. */
export function mergeMetrics(texts: readonly string[], { countersOnly = false }: MergeOptions = {}): string {
  const families = new Map<string, Family>();
  for (const text of texts) addMetrics(families, text);
  const kept = [...families.values()].filter(({ head }) => !(countersOnly && head.some((line) => /^# TYPE \S+ gauge$/.test(line))));
  const lines = kept.flatMap(({ head, samples }) => [...head, ...[...samples].map(([sample, value]) => `${sample} ${value}`)]);
  return [...lines, ''].join('\n');
}

function addMetrics(families: Map<string, Family>, text: string): void {
  let family: Family = { head: [], samples: new Map() };
  for (const line of text.split('\n').filter(Boolean)) {
    const [, name] = /^# (?:HELP|TYPE) (\S+)/.exec(line) ?? [];
    if (name !== undefined) {
      family = families.get(name) ?? { head: [], samples: new Map() };
      families.set(name, family);
      if (!family.head.includes(line)) family.head.push(line);
      continue;
    }
    // A label may hold spaces, a value holds none.
    const end = line.lastIndexOf(' ');
    const sample = line.slice(0, end);
    const [before, value] = [family.samples.get(sample) ?? 0, Number(line.slice(end + 1))];
    family.samples.set(sample, family.head.some(isGaugeOfTime) ? Math.max(before, value) : before + value);
  }
}

function isGaugeOfTime(line: string): boolean {
  return /^# TYPE \S+_seconds gauge$/.test(line);
}
