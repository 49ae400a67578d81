import { readFileSync } from 'node:fs';
import { readRegionProfiles } from '../schema/read-region-profiles.ts';
import { type RegionProfiles, SHIPPED_REGIONS } from '../schema/region-profiles.ts';
import { CommandFault } from './command-fault.ts';

/** `HUB_REGION_PROFILES`: a JSON file of what regions decide otherwise than the shipped profiles. @throws CommandFault with every fault of the file */
export function readRegions({ HUB_REGION_PROFILES: file }: Readonly<Record<string, string | undefined>>): RegionProfiles {
  if (file === undefined || file === '') return SHIPPED_REGIONS;
  const read = readRegionProfiles(readJson(file), SHIPPED_REGIONS);
  if ('profiles' in read) return read.profiles;
  throw new CommandFault(['HUB_REGION_PROFILES 有误 is at fault:', ...read.faults.map((fault) => `${file}: ${fault}`)].join('\n'));
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CommandFault(
      `HUB_REGION_PROFILES 无法读取 cannot be read: ${file}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
