import type { VolumeInfo } from '@capstan/core'
import { readList } from './json-reader.js'

/** Reads what `volume list --format json` or `volume inspect` printed. */
export function parseVolumes(operation: string, output: Uint8Array): readonly VolumeInfo[] {
  return readList(operation, output).map((entry) => {
    const configuration = entry.maybeObject('configuration') ?? entry
    return {
      name: configuration.text('name'),
      labels: configuration.map('labels'),
      createdAt: configuration.date('creationDate') ?? configuration.date('createdAt'),
    }
  })
}
