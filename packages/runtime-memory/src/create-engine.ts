import { parseImageReference } from '@capstan/core/plugin'
import { toShortReference } from './images/state/image-store.js'
import { MemoryEngine } from './memory-engine.js'
import { FaultList } from './memory-fault.js'
import type { MemoryPluginOptions } from './memory-plugin-options.js'
import type { FileEntry, FileMap } from './simulation/files/file-map.js'
import { emptyImageConfig, type ImageContent, noPrograms, toHistory } from './simulation/image-content.js'
import type { MemoryImage, MemoryProgram } from './simulation/memory-program.js'
import { defaultPath } from './simulation/processes/find-program.js'
import { fileCommands } from './simulation/programs/file-commands.js'
import { networkCommands } from './simulation/programs/network-commands.js'
import { processCommands } from './simulation/programs/process-commands.js'
import { textCommands } from './simulation/programs/text-commands.js'
import { sh } from './simulation/shell/sh-command.js'

/** Creates the engine of a plugin with its initial images. */
export function createEngine(options: MemoryPluginOptions): MemoryEngine {
  const { images = {}, pullable = {}, registries = ['localhost:5000'], faults = [] } = options
  const { logLimitBytes = 64 * 1024 * 1024 } = options
  const commands = { ...baseCommands, ...options.commands }
  const registry = new Map(createImages(pullable))
  const hosts = new Set([
    ...registries,
    ...[...registry.keys()].map((reference) => parseImageReference(reference).registry),
  ])
  const commandMap = new Map(Object.entries(commands))
  const engine = new MemoryEngine({
    faults: new FaultList(faults),
    commands: commandMap,
    registry,
    hosts,
    logLimitBytes,
  })
  addImage(engine, defaultReference, createDefaultImage(Object.keys(commands)))
  for (const [reference, content] of createImages(images)) addImage(engine, reference, content)
  for (const { programs } of [...registry.values(), ...engine.images.list()]) {
    engine.programs.set(programs.key, programs)
  }
  return engine
}

/** Creates images by their short reference. A value that several references name is one image with several tags. */
function createImages(images: Readonly<Record<string, MemoryImage>>): ReadonlyMap<string, ImageContent> {
  const contents = new Map<MemoryImage, ImageContent>()
  return new Map(
    Object.entries(images).map(([reference, image]) => {
      const content = contents.get(image) ?? createImage(reference, image)
      contents.set(image, content)
      return [toShortReference(reference), content]
    }),
  )
}

function addImage(engine: MemoryEngine, reference: string, content: ImageContent): void {
  engine.images.tag(engine.images.add(content, engine.now()), reference)
}

/** Creates an image from programs. Each command is also a file in `/bin`, so that images built on it contain it. */
function createImage(reference: string, { main, commands = {}, env = {}, user = '' }: MemoryImage): ImageContent {
  const files = createCommandFiles(Object.keys(commands))
  return {
    config: { ...emptyImageConfig, env, user },
    files,
    history: toHistory(`memoryPlugin() ${reference}`, files),
    programs: { key: reference, main, commands: new Map(Object.entries(commands)) },
  }
}

/** Creates a file for each command. Its content is never executed. */
function createCommandFiles(names: readonly string[]): FileMap {
  const toFile = (name: string): FileEntry => {
    return { type: 'file', mode: 0o755, bytes: Buffer.from(`a simulated command: ${name}\n`) }
  }
  return new Map(names.map((name) => [`/bin/${name}`, toFile(name)]))
}

function createDefaultImage(commands: readonly string[]): ImageContent {
  const files: FileMap = new Map([...createCommandFiles(commands), ['/etc/passwd', passwd]])
  return {
    config: { ...emptyImageConfig, env: { PATH: defaultPath }, command: ['sh'] },
    files,
    history: toHistory(`memoryPlugin() ${defaultReference}`, files),
    programs: noPrograms,
  }
}

/** The commands of `busybox:latest`: a part of those of busybox, and `exit CODE`. */
const baseCommands: Readonly<Record<string, MemoryProgram>> = {
  ...fileCommands,
  ...networkCommands,
  ...processCommands,
  ...textCommands,
  sh,
}

const passwd: FileEntry = {
  type: 'file',
  mode: 0o644,
  bytes: Buffer.from('root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n'),
}
const defaultReference = 'busybox:latest'
