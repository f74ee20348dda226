import { createCommandFiles, createImage } from './images/create-image.js'
import { toTag } from './images/state/image-store.js'
import { emptyImageConfig, type ImageContent, noPrograms } from './images/state/stored-image.js'
import { MemoryEngine } from './memory-engine.js'
import { FaultScript } from './memory-fault.js'
import type { MemoryPluginOptions } from './memory-plugin-options.js'
import type { FileEntry } from './simulation/files/file-map.js'
import type { MemoryImage } from './simulation/memory-program.js'
import { defaultPath } from './simulation/processes/find-program.js'
import { baseCommands } from './simulation/shell/base-commands.js'

/** The engine of one plugin, with the images that it has from the start. */
export function createEngine(options: MemoryPluginOptions): MemoryEngine {
  const { images = {}, pullable = {}, faults = [], logLimitBytes = 64 * 1024 * 1024 } = options
  const commands = { ...baseCommands, ...options.commands }
  const registry = createImages(pullable)
  const engine = new MemoryEngine({
    faults: new FaultScript(faults),
    commands: new Map(Object.entries(commands)),
    registry,
    logLimitBytes,
  })
  addImage(engine, defaultReference, createDefaultImage(Object.keys(commands)))
  for (const [reference, content] of createImages(images)) addImage(engine, reference, content)
  for (const { programs } of [...registry.values(), ...engine.images.list()]) {
    engine.programs.set(programs.key, programs)
  }
  return engine
}

/** By familiar reference; one value under several references is one image with several tags. */
function createImages(images: Readonly<Record<string, MemoryImage>>): ReadonlyMap<string, ImageContent> {
  const contents = new Map<MemoryImage, ImageContent>()
  return new Map(
    Object.entries(images).map(([reference, image]) => {
      const content = contents.get(image) ?? createImage(reference, image)
      contents.set(image, content)
      return [toTag(reference), content]
    }),
  )
}

function addImage(engine: MemoryEngine, reference: string, content: ImageContent): void {
  engine.images.tag(engine.images.add(content, engine.now()), reference)
}

function createDefaultImage(commands: readonly string[]): ImageContent {
  return {
    config: { ...emptyImageConfig, env: { PATH: defaultPath }, command: ['sh'] },
    files: new Map([...createCommandFiles(commands), ['/etc/passwd', passwd]]),
    programs: noPrograms,
  }
}

const passwd: FileEntry = {
  type: 'file',
  mode: 0o644,
  bytes: Buffer.from('root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n'),
}
const defaultReference = 'busybox:latest'
