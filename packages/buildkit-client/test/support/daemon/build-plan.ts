import { createHash } from 'node:crypto'
import { join } from 'node:path/posix'
import {
  DockerfileError,
  type DockerfileInstruction,
  type DockerfileStage,
  expandWord,
  parseDockerfile,
  readGlobals,
  readPairs,
  splitStages,
  toWordList,
} from '@capstan/build-context/dockerfile'
import type { BuildVertex } from './build-progress.js'
import { SolveError } from './solve-error.js'

/** A step of a build, with its work. */
export interface PlannedStep extends BuildVertex {
  readonly work: StepWork
  /** The steps whose digests are in `inputs`. The first is the tree that the step changes, if `work` changes one. */
  readonly dependencies: readonly PlannedStep[]
  readonly lines: DockerfileLines | undefined
}

export type StepWork =
  | { readonly type: 'context'; readonly followPaths: readonly string[] | undefined }
  | { readonly type: 'image' }
  | { readonly type: 'inline'; readonly files: Readonly<Record<string, string>> }
  | { readonly type: 'directory'; readonly path: string }
  | {
      readonly type: 'copy'
      readonly hasBase: boolean
      readonly sources: readonly string[]
      readonly target: string
      readonly mode: number | undefined
    }
  | {
      readonly type: 'run'
      readonly script: string
      /** The words as the error of a failed process has them. */
      readonly process: string
      readonly variables: ReadonlyMap<string, string>
      readonly mounts: readonly Mount[]
    }

/** The fields of `RUN --mount`. */
export type Mount = Readonly<Record<string, string>>

export interface DockerfileLines {
  readonly first: number
  readonly last: number
}

/** An image that a stage is based on. */
export interface BaseImage {
  /** As the Dockerfile has it. */
  readonly reference: string
  /** With registry and tag. */
  readonly name: string
  readonly lines: DockerfileLines
}

/** What a Dockerfile builds. */
export interface BuildPlan {
  readonly baseImages: readonly BaseImage[]
  /** The last step. `undefined` for an empty image. */
  readonly output: PlannedStep | undefined
  readonly config: ImageConfig
  readonly warnings: readonly PlanWarning[]
}

/** A warning of the frontend. The fake has only the rule on the old form of ENV. */
export interface PlanWarning {
  readonly message: string
  readonly detail: string
  readonly url: string
  readonly line: number
}

/** The configuration of an image, as far as the fake interprets instructions. */
export interface ImageConfig {
  readonly Env: readonly string[]
  readonly Labels?: Readonly<Record<string, string>>
  readonly Cmd?: readonly string[]
  readonly Entrypoint?: readonly string[]
  readonly User?: string
  readonly WorkingDir: string
}

/**
 * Plans the steps of the target stage and of the stages that it needs, as BuildKit names them. Supports what the tests
 * use: stages, ARG, ENV, COPY, ADD, RUN, WORKDIR, LABEL, USER, CMD, ENTRYPOINT, here-documents, and the mounts of RUN.
 *
 * @throws SolveError with BuildKit's message for an invalid Dockerfile
 */
export function planBuild(text: string, options: PlanOptions): BuildPlan {
  try {
    return new Planner(text, options).plan()
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error
    const { line } = error
    const { filename } = options
    const message = line === undefined ? error.message : `dockerfile parse error on line ${line}: ${error.message}`
    const source = line === undefined ? {} : { source: { filename, data: text, first: line, last: line } }
    throw new SolveError(message, { ...source, isFrontend: true })
  }
}

export interface PlanOptions {
  /** The path of the Dockerfile. */
  readonly filename: string
  /** The attributes of the frontend. */
  readonly attributes: Readonly<Record<string, string>>
}

class Planner {
  readonly #text: string
  readonly #options: PlanOptions
  readonly #stages: readonly DockerfileStage[]
  readonly #globals: ReadonlyMap<string, string>
  readonly #isNamed: boolean
  readonly #planned = new Map<number, PlannedStage>()
  readonly #baseImages: BaseImage[] = []
  readonly #contextPaths: string[] = []
  readonly #context: PlannedStep

  constructor(text: string, options: PlanOptions) {
    this.#text = text
    this.#options = options
    if (text.trim() === '') throw new SolveError('the Dockerfile cannot be empty', { isFrontend: true })
    const { instructions, escapeCharacter } = parseDockerfile(text)
    const unknown = instructions.find(({ keyword }) => !keywords.test(keyword))
    if (unknown !== undefined) throw new DockerfileError(`unknown instruction: ${unknown.keyword}`, unknown.line)
    const { globals, stages } = splitStages({ instructions })
    this.#stages = stages
    const buildArgs = this.#pick('build-arg:')
    this.#globals = readGlobals(globals, { escapeCharacter, builder: 'buildkit', buildArgs, variables: new Map() })
    // A mount or a source that is no stage adds a nameless stage.
    const isMounted = instructions.some(({ keyword, flags }) => keyword === 'RUN' && flags.some(isMount))
    this.#isNamed = stages.length > 1 || isMounted
    this.#context = createStep('[internal] load build context', { type: 'context', followPaths: undefined }, [])
  }

  plan(): BuildPlan {
    const { target } = this.#options.attributes
    const name = target?.toLowerCase()
    const index = name === undefined ? -1 : this.#stages.findLastIndex((stage) => stage.name === name)
    if (name !== undefined && index === -1) {
      throw new SolveError(`target stage "${target}" could not be found`, { isFrontend: true })
    }
    const { step, config } = this.#planStage(index === -1 ? this.#stages.length - 1 : index)
    const labels = { ...config.Labels, ...this.#pick('label:') }
    return {
      baseImages: this.#baseImages,
      warnings: this.#stages.flatMap(({ instructions }) => instructions.flatMap(findWarnings)),
      output: step === undefined ? undefined : this.#resolveContext(step),
      config: { ...config, ...(Object.keys(labels).length > 0 && { Labels: labels }) },
    }
  }

  #planStage(index: number): PlannedStage {
    const known = this.#planned.get(index)
    const stage = this.#stages[index]
    if (known !== undefined) return known
    if (stage === undefined) throw new SolveError(`invalid stage index ${index}`, { isFrontend: true })
    const base = this.#planBase(stage, index)
    const isImage = base.step?.work.type === 'image'
    const total = stage.instructions.filter(({ keyword }) => steps.test(keyword)).length + (isImage ? 1 : 0)
    let count = 0
    const toName = (instruction: string) => {
      count += 1
      const number = String(count).padStart(String(total).length)
      const name = this.#isNamed ? `${stage.name ?? `stage-${index}`} ` : ''
      return `[${name}${number}/${total}] ${instruction}`
    }
    const start = isImage && base.step ? rename(base.step, toName(base.step.name)) : base.step
    const builder = new StageBuilder({ ...base, step: start }, { toName, planner: this })
    for (const instruction of stage.instructions) builder.add(instruction)
    const planned = { step: builder.step, config: builder.config }
    this.#planned.set(index, planned)
    return planned
  }

  #planBase({ base, from }: DockerfileStage, index: number): PlannedStage {
    const reference = expandWord(base, { variables: this.#globals })
    if (reference === 'scratch') return { step: undefined, config: emptyConfig }
    const parent = this.#findStage(reference, index)
    if (parent !== undefined) return this.#planStage(parent)
    return { step: this.#planImage(reference, from), config: emptyConfig }
  }

  #planImage(reference: string, { line }: DockerfileInstruction): PlannedStep {
    const name = toImageName(reference)
    if (!this.#baseImages.some((image) => image.name === name)) {
      this.#baseImages.push({ reference, name, lines: { first: line, last: line } })
    }
    return createStep(`FROM ${name}`, { type: 'image' }, [])
  }

  #findStage(reference: string, before: number): number | undefined {
    const stages = this.#stages.slice(0, before)
    const index = stages.findLastIndex(({ name }) => name === reference.toLowerCase())
    if (index !== -1) return index
    return /^\d+$/.test(reference) && Number(reference) < before ? Number(reference) : undefined
  }

  /** Returns the step with the files of `COPY --from`. */
  planSource(from: string, instruction: DockerfileInstruction): PlannedStep | undefined {
    const stage = this.#findStage(
      from,
      this.#stages.findIndex(({ instructions }) => instructions.includes(instruction)),
    )
    return stage === undefined ? this.#planImage(from, instruction) : this.#planStage(stage).step
  }

  planContext(sources: readonly string[]): PlannedStep {
    this.#contextPaths.push(...sources.map((source) => join('/', source).replace(/^\/|\/$/g, '')))
    return this.#context
  }

  buildArg(name: string): string | undefined {
    return this.#options.attributes[`build-arg:${name}`] ?? this.#globals.get(name)
  }

  toLines({ line, heredocs }: DockerfileInstruction): DockerfileLines {
    const lines = this.#text.split('\n')
    let last = line
    while (/\\\s*$/.test(lines[last - 1] ?? '') && last < lines.length) last += 1
    const heredocLines = heredocs.map(({ content }) => content.split('\n').length)
    return { first: line, last: heredocLines.reduce((sum, count) => sum + count, last) }
  }

  /** The context is one step, whose paths are known when all stages are planned. */
  #resolveContext(step: PlannedStep): PlannedStep {
    const followPaths = this.#contextPaths.includes('') ? undefined : [...new Set(this.#contextPaths)]
    const context = createStep(this.#context.name, { type: 'context', followPaths }, [])
    const resolved = new Map<PlannedStep, PlannedStep>([[this.#context, context]])
    const resolve = (one: PlannedStep): PlannedStep => {
      const known = resolved.get(one)
      if (known !== undefined) return known
      const copy = createStep(one.name, one.work, one.dependencies.map(resolve), one.lines)
      resolved.set(one, copy)
      return copy
    }
    return resolve(step)
  }

  #pick(prefix: string): Readonly<Record<string, string>> {
    const picked = Object.entries(this.#options.attributes).filter(([key]) => key.startsWith(prefix))
    return Object.fromEntries(picked.map(([key, value]) => [key.slice(prefix.length), value]))
  }
}

interface PlannedStage {
  readonly step: PlannedStep | undefined
  readonly config: ImageConfig
}

/** Adds the instructions of one stage. */
class StageBuilder {
  step: PlannedStep | undefined
  config: ImageConfig
  readonly #variables: Map<string, string>
  readonly #toName: (instruction: string) => string
  readonly #planner: Planner

  constructor({ step, config }: PlannedStage, { toName, planner }: StageContext) {
    this.step = step
    this.config = config
    this.#toName = toName
    this.#planner = planner
    this.#variables = new Map(
      config.Env.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    )
  }

  add(instruction: DockerfileInstruction): void {
    const { keyword, text } = instruction
    if (keyword === 'ARG') this.#addArguments(instruction)
    else if (keyword === 'ENV') this.#addVariables(instruction)
    else if (keyword === 'LABEL')
      this.config = { ...this.config, Labels: { ...this.config.Labels, ...this.#readPairs(instruction) } }
    else if (keyword === 'USER') this.config = { ...this.config, User: this.#expand(text) }
    else if (keyword === 'CMD') this.config = { ...this.config, Cmd: toCommand(text) }
    else if (keyword === 'ENTRYPOINT') this.config = { ...this.config, Entrypoint: toCommand(text) }
    else if (keyword === 'WORKDIR') this.#addWorkdir(instruction)
    else if (keyword === 'RUN') this.#addRun(instruction)
    else if (keyword === 'COPY' || keyword === 'ADD') this.#addCopy(instruction)
  }

  #addArguments(instruction: DockerfileInstruction): void {
    for (const { name, value } of readPairs(instruction, '\\')) {
      const chosen = this.#planner.buildArg(name) ?? (value === undefined ? undefined : this.#expand(value))
      if (chosen !== undefined) this.#variables.set(name, chosen)
    }
  }

  #addVariables(instruction: DockerfileInstruction): void {
    const pairs = Object.entries(this.#readPairs(instruction))
    for (const [name, value] of pairs) this.#variables.set(name, value)
    this.config = { ...this.config, Env: [...this.config.Env, ...pairs.map(([name, value]) => `${name}=${value}`)] }
  }

  #addWorkdir(instruction: DockerfileInstruction): void {
    const path = join(this.config.WorkingDir, this.#expand(instruction.text))
    this.config = { ...this.config, WorkingDir: path }
    this.#push(instruction, { type: 'directory', path }, this.step === undefined ? [] : [this.step])
  }

  #addRun(instruction: DockerfileInstruction): void {
    const words = toWordList(instruction.text)
    const [heredoc] = instruction.heredocs
    const shellScript = words?.[1] === '-c' ? words[2] : words?.join(' ')
    const script = heredoc?.content ?? shellScript ?? instruction.text
    const mounts = instruction.flags.filter(isMount).map((flag) => toFields(flag.slice('--mount='.length)))
    const process = words?.join(' ') ?? `/bin/sh -c ${script}`
    const work = { type: 'run', script, process, variables: new Map(this.#variables), mounts } as const
    this.#push(instruction, work, this.step === undefined ? [] : [this.step])
  }

  #addCopy(instruction: DockerfileInstruction): void {
    const { flags, text, heredocs } = instruction
    const words = (toWordList(text) ?? text.split(/\s+/)).map((word) => this.#expand(word))
    const target = words.at(-1) ?? '/'
    const sources = words.slice(0, -1)
    const from = findFlag(flags, 'from')
    const mode = findFlag(flags, 'chmod')
    const files = Object.fromEntries(heredocs.map(({ name, content }) => [name, content]))
    const source =
      heredocs.length > 0
        ? createStep('[internal] preparing inline document', { type: 'inline', files }, [])
        : from === undefined
          ? this.#planner.planContext(sources)
          : this.#planner.planSource(from, instruction)
    const hasBase = this.step !== undefined
    const work = {
      type: 'copy',
      hasBase,
      sources: sources.map((path) => path.replace(/^<<-?/, '')),
      target: target.startsWith('/') ? target : join(this.config.WorkingDir, target),
      mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
    } as const
    this.#push(instruction, work, [
      ...(this.step === undefined ? [] : [this.step]),
      ...(source === undefined ? [] : [source]),
    ])
  }

  #push(instruction: DockerfileInstruction, work: StepWork, dependencies: readonly PlannedStep[]): void {
    const { keyword, flags, text, heredocs } = instruction
    const known = text.replace(
      /\$(?:(\w+)|\{(\w+)\})/g,
      (all, plain, braced) => this.#variables.get(plain ?? braced) ?? all,
    )
    const [first, ...rest] = heredocs[0]?.content.trimEnd().split('\n') ?? []
    const suffix = keyword === 'RUN' && first !== undefined ? ` (${first}${rest.length > 0 ? '...' : ''})` : ''
    const name = this.#toName(`${[keyword, ...flags, known].join(' ')}${suffix}`)
    this.step = createStep(name, work, dependencies, this.#planner.toLines(instruction))
  }

  #readPairs(instruction: DockerfileInstruction): Readonly<Record<string, string>> {
    const pairs = readPairs(instruction, '\\')
    return Object.fromEntries(pairs.map(({ name, value = '' }) => [this.#expand(name), this.#expand(value)]))
  }

  #expand(word: string): string {
    return expandWord(word, { variables: this.#variables })
  }
}

interface StageContext {
  readonly toName: (instruction: string) => string
  readonly planner: Planner
}

/** Lists a step and its dependencies in the order of their announcement: the last step first. */
export function listSteps(output: PlannedStep): readonly PlannedStep[] {
  const listed = new Map<string, PlannedStep>()
  const visit = (step: PlannedStep) => {
    if (listed.has(step.digest)) return
    step.dependencies.forEach(visit)
    listed.set(step.digest, step)
  }
  visit(output)
  return [...listed.values()].reverse()
}

function findWarnings({ keyword, text, line }: DockerfileInstruction): readonly PlanWarning[] {
  if (keyword !== 'ENV' || /^\S+=/.test(text)) return []
  const rule = 'LegacyKeyValueFormat: "ENV key=value" should be used instead of legacy "ENV key value" format'
  return [
    {
      message: `${rule} (line ${line})`,
      detail: 'Legacy key/value format with whitespace separator should not be used',
      url: 'https://docs.docker.com/go/dockerfile/rule/legacy-key-value-format/',
      line,
    },
  ]
}

/** Adds the default registry and tag. */
export function toImageName(reference: string): string {
  const [first = '', ...rest] = reference.split('/')
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  const full = isHost ? reference : `docker.io/${rest.length === 0 ? 'library/' : ''}${reference}`
  return /:[^/]*$|@/.test(full) ? full : `${full}:latest`
}

function createStep(
  name: string,
  work: StepWork,
  dependencies: readonly PlannedStep[],
  lines?: DockerfileLines,
): PlannedStep {
  const inputs = dependencies.map(({ digest }) => digest)
  const content = JSON.stringify([name, work.type, inputs])
  return {
    digest: `sha256:${createHash('sha256').update(content).digest('hex')}`,
    name,
    inputs,
    work,
    dependencies,
    lines,
  }
}

function rename({ work, dependencies, lines }: PlannedStep, name: string): PlannedStep {
  return createStep(name, work, dependencies, lines)
}

function findFlag(flags: readonly string[], name: string): string | undefined {
  return flags.find((flag) => flag.startsWith(`--${name}=`))?.slice(name.length + 3)
}

function isMount(flag: string): boolean {
  return flag.startsWith('--mount=')
}

/** Parses the fields of a mount. A field without a value is `true`. */
function toFields(text: string): Mount {
  return Object.fromEntries(
    text.split(',').map((field) => (field.includes('=') ? field.split(/=(.*)/s, 2) : [field, 'true'])),
  )
}

function toCommand(text: string): readonly string[] {
  return toWordList(text) ?? ['/bin/sh', '-c', text]
}

const keywords =
  /^(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)$/
const steps = /^(ADD|COPY|RUN|WORKDIR)$/
const emptyConfig: ImageConfig = {
  Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  WorkingDir: '/',
}
