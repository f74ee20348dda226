import { DockerfileError } from './dockerfile-error.js'
import { expandWord } from './expand-word.js'
import { type InstructionLine, splitInstruction } from './instruction-line.js'
import { parseDockerfile } from './parse-dockerfile.js'
import { type DockerfileBuilder, findFlag, findTarget, readGlobals, splitStages } from './stages.js'

/** An image that a Dockerfile builds on, copies from or mounts. */
export interface DockerfileImage {
  /** The reference in the Dockerfile, with variables expanded. */
  readonly reference: string
  /** The value of `FROM --platform=`, with variables expanded. */
  readonly platform: string | undefined
  /** `base`: in FROM. `source`: in COPY or RUN. `trigger`: in an ONBUILD, which this build stores and does not run. */
  readonly use: 'base' | 'source' | 'trigger'
}

/** Options of `findDockerfileImages`. */
export interface DockerfileImagesOptions {
  /** Default `classic`. */
  readonly builder?: DockerfileBuilder | undefined
  /** Default: none. */
  readonly buildArgs?: Readonly<Record<string, string>> | undefined
  /** The stage to build; later stages are ignored. Default: the last stage. */
  readonly target?: string | undefined
  /** The variables that the builder sets itself, such as TARGETPLATFORM. Default: none, as in the engine's classic builder. */
  readonly variables?: ReadonlyMap<string, string> | undefined
}

/**
 * Finds the images that a build of this Dockerfile may pull, in order, without its own stages and `scratch`.
 *
 * Never throws for an invalid Dockerfile: it returns the images before the error, since the builder reports the error itself.
 * Images in the ONBUILD of a base image are not found.
 */
export function findDockerfileImages(
  dockerfile: string,
  options: DockerfileImagesOptions = {},
): readonly DockerfileImage[] {
  const images: DockerfileImage[] = []
  try {
    collectImages(dockerfile, options, images)
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error
  }
  return images
}

function collectImages(text: string, options: DockerfileImagesOptions, images: DockerfileImage[]): void {
  const { builder = 'classic', buildArgs = {}, target, variables = new Map() } = options
  const dockerfile = parseDockerfile(text)
  const { globals, stages } = splitStages(dockerfile)
  const { escapeCharacter } = dockerfile
  const known = readGlobals(globals, { escapeCharacter, builder, buildArgs, variables })
  const last = target === undefined ? stages.length - 1 : findTarget(stages, target, builder)
  if (last === undefined) return
  const expand = (word: string) => expandWord(word, { variables: known, escapeCharacter })
  const built = new Map<string, readonly InstructionLine[]>()
  for (const { base, platform, from, name, instructions } of stages.slice(0, last + 1)) {
    const reference = expand(base)
    if (reference === '') throw new DockerfileError(`the base image ${base} is empty`, from.line)
    const expandedPlatform = platform === undefined ? undefined : expand(platform)
    const inherited = built.get(reference.toLowerCase())
    if (inherited === undefined && reference !== scratch) {
      images.push({ reference, platform: expandedPlatform, use: 'base' })
    }
    const triggers: InstructionLine[] = []
    for (const instruction of [...(inherited ?? []), ...instructions]) {
      const isTrigger = instruction.keyword === 'ONBUILD'
      const source = isTrigger ? splitInstruction(instruction.text, escapeCharacter) : instruction
      if (isTrigger) triggers.push(source)
      const use = isTrigger ? 'trigger' : 'source'
      for (const found of findSources(source, built)) images.push({ reference: found, platform: undefined, use })
    }
    if (name !== undefined) built.set(name, triggers)
  }
}

/** Builders do not expand variables in these flags. */
function findSources({ keyword, flags }: InstructionLine, built: ReadonlyMap<string, unknown>): readonly string[] {
  const isStage = (name: string) => name === '' || name === scratch || built.has(name.toLowerCase())
  if (keyword === 'COPY') {
    const from = findFlag(flags, 'from') ?? ''
    // A number is the number of a stage.
    return isStage(from) || /^[+-]?\d+$/.test(from) || from.includes('$') ? [] : [from]
  }
  if (keyword !== 'RUN') return []
  const mounts = flags.flatMap((flag) => (flag.startsWith(mount) ? [flag.slice(mount.length)] : []))
  return mounts.map(findMountSource).filter((from) => !isStage(from) && !from.includes('$'))
}

/** Returns the last `from` of the fields of a mount, which are CSV: a field in double quotes may contain commas. */
function findMountSource(fields: string): string {
  const parts = fields.match(/"(?:[^"]|"")*"|[^,]+/g) ?? []
  const plain = parts.map((part) => part.replace(/^"([\s\S]*)"$/, '$1').replaceAll('""', '"'))
  return plain.findLast((part) => /^from=/i.test(part))?.slice('from='.length) ?? ''
}

const scratch = 'scratch'
const mount = '--mount='
