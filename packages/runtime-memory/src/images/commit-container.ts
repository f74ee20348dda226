import type { CommitOptions, ImageChanges } from '@capstan/core'
import {
  type LabelledImageConfig,
  parseOciImageConfig,
  type StringMap,
  toObjectLabels,
  toOciImageConfig,
} from '@capstan/core/plugin'
import type { MemoryContainer } from '../containers/state/memory-container.js'
import type { MemoryRuntimeContext } from '../memory-runtime-context.js'
import { sizeOfFiles } from '../simulation/files/file-map.js'
import type { ImageContent } from '../simulation/image-content.js'
import { applyEnvironmentChanges } from '../simulation/processes/environment.js'

/** Returns the content of an image with the files and the settings of a container. Mounts are not part of it. */
export function toCommittedContent(
  { engine, ownerLabels }: MemoryRuntimeContext,
  container: MemoryContainer,
  { tag, changes = {}, message = '', author }: CommitOptions,
): ImageContent {
  const { image, files, argv, labels } = container
  const { written } = files
  const own = toObjectLabels({ kind: 'image', tag }, ownerLabels, changes.labels)
  const step = { createdAt: engine.now(), createdBy: argv.join(' '), sizeBytes: sizeOfFiles(written), comment: message }
  return {
    config: applyChanges({ ...toSettings(container), labels: { ...labels, ...own } }, changes),
    files: new Map([...image.files, ...written]),
    programs: image.programs,
    history: [...image.history, step],
    ...(author !== undefined && { author }),
  }
}

/** Returns the settings of a container: its own, else those of its image. */
function toSettings({ config, image }: MemoryContainer): LabelledImageConfig {
  const { entrypoint, command, env, user, workingDirectory, stopSignal, healthcheck } = config
  const isOwn = entrypoint !== undefined
  return {
    ...image.config,
    entrypoint: entrypoint ?? image.config.entrypoint,
    command: command ?? (isOwn ? [] : image.config.command),
    env: applyEnvironmentChanges(image.config.env, env),
    user: user ?? image.config.user,
    workingDirectory: workingDirectory ?? image.config.workingDirectory,
    stopSignal: stopSignal ?? image.config.stopSignal,
    healthcheck: healthcheck ?? image.config.healthcheck,
    exposedPorts: [...image.config.exposedPorts, ...toExposedPorts(config)],
  }
}

/** Returns the ports that a container publishes or exposes. */
function toExposedPorts({
  ports = [],
  exposedPorts = [],
}: MemoryContainer['config']): LabelledImageConfig['exposedPorts'] {
  return [...ports, ...exposedPorts].map(({ containerPort, protocol = 'tcp' }) => ({ containerPort, protocol }))
}

function applyChanges(config: LabelledImageConfig, changes: ImageChanges): LabelledImageConfig {
  const { entrypoint, command, env = {}, exposedPorts = [], volumes = [], labels: _, ...replaced } = changes
  const added = toOciImageConfig({
    exposedPorts: [...config.exposedPorts, ...exposedPorts],
    volumes: [...config.volumes, ...volumes],
  })
  const sorted = parseOciImageConfig(added)
  return {
    ...config,
    ...withoutUndefined(replaced),
    env: { ...config.env, ...env },
    entrypoint: entrypoint ?? config.entrypoint,
    // As on Docker, a new entrypoint clears the command.
    command: command ?? (entrypoint === undefined ? config.command : []),
    exposedPorts: sorted.exposedPorts,
    volumes: sorted.volumes,
  }
}

function withoutUndefined<T extends Partial<StringMap>>(changes: T): T {
  // Every remaining entry has its key and its type.
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as T
}
