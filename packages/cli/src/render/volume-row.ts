import type { VolumeInfo } from '@capstan/core'
import { toAge } from './duration.js'
import { renderFieldLines, toLabelLines } from './field-lines.js'
import type { Row } from './row-format.js'

/** The name of a field of a volume in `--format`, as in docker, and `CreatedSince`. */
export type VolumeField = 'Name' | 'CreatedAt' | 'CreatedSince' | 'Mountpoint' | 'Labels' | 'Label'

/** The titles of the fields. */
export const volumeTitles: Row<VolumeField> = {
  Name: 'VOLUME NAME',
  CreatedAt: 'CREATED AT',
  CreatedSince: 'CREATED',
  Mountpoint: 'MOUNTPOINT',
  Labels: 'LABELS',
  Label: (key: string): string => key,
}

/** Returns the fields of a volume in a list. */
export function toVolumeRow({ name, createdAt, mountpoint, labels }: VolumeInfo, now: Date): Row<VolumeField> {
  return {
    Name: name,
    CreatedAt: createdAt?.toISOString() ?? '',
    CreatedSince: toAge(createdAt, now),
    Mountpoint: mountpoint ?? '',
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Label: (key: string) => (Object.hasOwn(labels, key) ? labels[key] : ''),
  }
}

/** Returns the fields of `volume inspect --format`, by the names that docker gives them. */
export function toVolumeFields({ name, createdAt, mountpoint, labels }: VolumeInfo): object {
  return { Name: name, CreatedAt: createdAt?.toISOString() ?? '', Mountpoint: mountpoint ?? '', Labels: labels }
}

/** Formats a volume as lines of a name and a value. */
export function toVolumeText({ name, createdAt, mountpoint, labels }: VolumeInfo): string {
  return renderFieldLines([
    ['name', name],
    ['created', createdAt?.toISOString() ?? 'unknown'],
    ...(mountpoint === undefined ? [] : [['directory', mountpoint] as const]),
    ...toLabelLines(labels),
  ])
}
