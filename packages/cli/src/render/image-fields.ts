import type { ImageInspection } from '@capstan/core'
import { toOciImageConfig } from '@capstan/core/plugin'
import prettyBytes from 'pretty-bytes'
import { toAge } from './duration.js'
import { type FieldLine, renderFieldLines, toLabelLines } from './field-lines.js'

/** Returns the fields of an image for `--format`, with the names of docker. */
export function toImageFields(image: ImageInspection): Readonly<Record<string, unknown>> {
  const { id, tags, digests, createdAt, author, platform, sizeBytes, layers, config, labels } = image
  const [os = '', architecture = '', variant = ''] = platform.split('/')
  return {
    Id: id,
    RepoTags: tags,
    RepoDigests: digests,
    Created: createdAt?.toISOString() ?? '',
    Author: author,
    Architecture: architecture,
    Variant: variant,
    Os: os,
    Size: sizeBytes ?? 0,
    RootFS: { Type: 'layers', Layers: layers },
    Config: { ...emptyConfig, ...toOciImageConfig({ ...config, labels }) },
  }
}

/** Fields that an image may not have, so that a template can name them. */
const emptyConfig = { StopSignal: '', Healthcheck: null }

/** Formats an image as lines of a name and a value. */
export function toImageText(image: ImageInspection, now: Date = new Date()): string {
  const { id, tags, digests, createdAt, author, platform, sizeBytes, layers, labels } = image
  const created = createdAt === undefined ? '' : `${createdAt.toISOString()} (${toAge(createdAt, now)})`
  return renderFieldLines([
    ['id', id],
    ...tags.map((tag) => ['tag', tag] as const),
    ...digests.map((digest) => ['digest', digest] as const),
    ['platform', platform],
    ['created', created],
    ['size', sizeBytes === undefined ? '' : prettyBytes(sizeBytes)],
    ...(author === '' ? [] : [['author', author] as const]),
    ...toSettings(image),
    ...layers.map((layer) => ['layer', layer] as const),
    ...toLabelLines(labels),
  ])
}

function toSettings({ config }: ImageInspection): readonly FieldLine[] {
  const { command, entrypoint, env, user, workingDirectory, exposedPorts, volumes, stopSignal, healthcheck } = config
  const lines: readonly FieldLine[] = [
    ['entrypoint', entrypoint.length === 0 ? '' : JSON.stringify(entrypoint)],
    ['command', command.length === 0 ? '' : JSON.stringify(command)],
    ['directory', workingDirectory],
    ['user', user],
    ['ports', exposedPorts.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`).join(', ')],
    ['volumes', volumes.join(', ')],
    ['stop signal', stopSignal ?? ''],
    [
      'health check',
      healthcheck === undefined || healthcheck === 'none' ? (healthcheck ?? '') : JSON.stringify(healthcheck),
    ],
    ...Object.entries(env).map(([name, value]) => ['variable', `${name}=${value}`] as const),
  ]
  return lines.filter(([, value]) => value !== '')
}
