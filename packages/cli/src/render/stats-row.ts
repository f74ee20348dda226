import type { ContainerInfo, ContainerSample } from '@capstan/core'
import prettyBytes from 'pretty-bytes'
import type { Row } from './row-format.js'

/** The name of a field of a container's statistics in `--format`, as in docker. */
export type StatsField = 'Container' | 'Name' | 'ID' | 'CPUPerc' | 'MemUsage' | 'MemPerc' | 'NetIO' | 'BlockIO' | 'PIDs'

/** The titles of the fields. */
export const statsTitles: Row<StatsField> = {
  Container: 'CONTAINER',
  Name: 'NAME',
  ID: 'CONTAINER ID',
  CPUPerc: 'CPU %',
  MemUsage: 'MEM USAGE / LIMIT',
  MemPerc: 'MEM %',
  NetIO: 'NET I/O',
  BlockIO: 'BLOCK I/O',
  PIDs: 'PIDS',
}

/** Returns the fields of a sample. 100 % of `CPUPerc` is one CPU. `--` is a value that the runtime does not report. */
export function toStatsRow(
  { container, sample }: { readonly container: ContainerInfo; readonly sample: ContainerSample },
  { truncate }: { readonly truncate: boolean },
): Row<StatsField> {
  const { cpu, memory, network, blocks, pids } = sample
  const id = truncate ? container.id.slice(0, 12) : container.id
  return {
    Container: id,
    Name: container.name,
    ID: id,
    CPUPerc: toPercent(cpu.share),
    MemUsage: toPair(memory.usedBytes, memory.limitBytes, { binary: true }),
    MemPerc: memory.limitBytes === undefined ? none : toPercent(memory.usedBytes / memory.limitBytes),
    NetIO: toPair(network?.receivedBytes, network?.sentBytes),
    BlockIO: toPair(blocks?.readBytes, blocks?.writtenBytes),
    PIDs: pids === undefined ? none : String(pids),
  }
}

function toPercent(share: number): string {
  return `${(share * 100).toFixed(2)}%`
}

function toPair(
  one: number | undefined,
  other: number | undefined,
  options: { readonly binary?: boolean } = {},
): string {
  const [left, right] = [one, other].map((bytes) =>
    bytes === undefined ? none : prettyBytes(bytes, { space: false, ...options }),
  )
  return `${left} / ${right}`
}

const none = '--'
