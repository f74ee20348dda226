import { Dice } from '../../../../test/support/dice.js'

/** A Dockerfile with its context and the options of its build. */
export interface GeneratedBuild {
  readonly seed: number
  /** The names of the parts of which it consists. */
  readonly parts: readonly string[]
  /** In order of creation. */
  readonly files: ReadonlyMap<string, ContextFile>
  /** The path of the Dockerfile in the context. */
  readonly dockerfile: string
  readonly buildArgs: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
  readonly target: string | undefined
}

/** An entry of the context. `seconds`: the modification time, since 1970. */
export type ContextFile =
  | { readonly content: string | Uint8Array; readonly mode: number; readonly seconds: number }
  | { readonly directoryMode: number; readonly seconds: number }
  | { readonly linkTo: string }
  /** A hard link to another path of the context. */
  | { readonly sameAs: string }

/** A build to which parts add instructions, files and options. */
export class BuildDraft {
  readonly dice: Dice
  /** An image of the engine, with busybox and a user `capstan`. */
  readonly image: string
  /** Directives and ARG instructions before the first stage. */
  readonly opening: string[] = []
  /** Instructions of the stages before the last one. */
  readonly stages: string[] = []
  /** The base of the last stage. Default: `image`. */
  base: string
  /** Instructions of the last stage. */
  readonly steps: string[] = []
  /** Instructions of the stages after the last one, of which `target` builds none. */
  readonly unusedStages: string[] = []
  readonly ignored: string[] = []
  readonly buildArgs: Record<string, string> = {}
  readonly labels: Record<string, string> = {}
  readonly secrets: Record<string, string> = {}
  dockerfile = 'Dockerfile'
  /** Whether the context contains the Dockerfile. */
  hasDockerfile = true
  target: string | undefined
  readonly #files = new Map<string, ContextFile>()
  #names = 0

  constructor(seed: number, image: string) {
    this.dice = new Dice(seed)
    this.image = image
    this.base = image
  }

  /** Returns a name that no other part uses. */
  createName(prefix: string): string {
    this.#names += 1
    return `${prefix}${this.#names}`
  }

  /** Adds a file of the context, with generated content, mode and time by default. Returns its path. */
  addFile(path: string, { content = this.createText(), mode = this.dice.pick(fileModes) }: FileOptions = {}): string {
    this.#files.set(path, { content, mode, seconds: this.dice.pick(times) })
    return path
  }

  addDirectory(path: string, mode: number = this.dice.pick(directoryModes)): string {
    this.#files.set(path, { directoryMode: mode, seconds: this.dice.pick(times) })
    return path
  }

  addLink(path: string, linkTo: string): string {
    this.#files.set(path, { linkTo })
    return path
  }

  addHardLink(path: string, sameAs: string): string {
    this.#files.set(path, { sameAs })
    return path
  }

  /** Adds a directory with files, and sometimes a deeper directory. */
  addTree(path: string): string {
    this.addDirectory(path)
    for (let count = 1 + this.dice.below(3); count > 0; count -= 1)
      this.addFile(`${path}/${this.createName('file')}.txt`)
    if (this.dice.isHit(40)) this.addTree(`${path}/${this.createName('deeper')}`)
    if (this.dice.isHit(30)) this.addDirectory(`${path}/${this.createName('empty')}`)
    return path
  }

  createText(): string {
    return `${this.dice.pick(words)} ${this.dice.below(1_000_000)}\n`.repeat(1 + this.dice.below(3))
  }

  toBuild(seed: number, parts: readonly string[]): GeneratedBuild {
    const { buildArgs, labels, secrets, target, dockerfile } = this
    const lines = [...this.opening, ...this.stages, `FROM ${this.base} AS last`, ...this.steps, ...this.unusedStages]
    const files = new Map(this.#files)
    if (this.hasDockerfile && !files.has(dockerfile)) files.set(dockerfile, toContextFile(`${lines.join('\n')}\n`))
    if (this.ignored.length > 0) files.set('.dockerignore', toContextFile(`${this.ignored.join('\n')}\n`))
    return { seed, parts, files, dockerfile, buildArgs, labels, secrets, target }
  }
}

interface FileOptions {
  readonly content?: string | Uint8Array
  readonly mode?: number
}

function toContextFile(content: string): ContextFile {
  return { content, mode: 0o644, seconds: 1_700_000_000 }
}

const words = ['alpha', 'beta', 'gamma', 'delta', 'épsilon'] as const
const fileModes = [0o644, 0o644, 0o600, 0o640, 0o755, 0o700, 0o444, 0o666, 0o4755, 0o2755] as const
const directoryModes = [0o755, 0o755, 0o700, 0o750, 0o775, 0o1777, 0o2755] as const
/** The time of npm's packages, one at the start of a century, one with a fraction, and a recent one. */
const times = [499_162_500, 946_684_800, 1_234_567_890.5, 1_700_000_000] as const
