import { setTimeout as pause } from 'node:timers/promises'

/** What a RUN uses. */
export interface CommandContext {
  readonly variables: ReadonlyMap<string, string>
  /** Returns the content of a file, or `undefined` if there is none. */
  read(path: string): Buffer | undefined
  write(path: string, content: Buffer): void
  /** 1 is stdout, 2 is stderr. */
  log(stream: 1 | 2, text: string | Buffer): void
  /** Sends a request to the SSH agent, and returns its answer. */
  requestAgent(request: Buffer): Promise<Buffer | undefined>
  /** Aborts the command. */
  readonly signal: AbortSignal
}

/**
 * Runs a script, and resolves with its exit code. Supports `>&2` and `>FILE`, `echo`, `seq`, `cat`, `test -f`, `true`, `false`,
 * `exit`, `sleep`, `hang` (never ends) and `ssh-add -l`, separated by line feeds, `;` or `&&`. Other commands succeed.
 */
export async function runCommand(script: string, context: CommandContext): Promise<number> {
  let code = 0
  for (const { words, isConditional } of toCommands(script)) {
    if (isConditional && code !== 0) continue
    context.signal.throwIfAborted()
    const [program = '', ...rest] = words.flatMap((word) => expand(word, context.variables))
    if (program === 'exit') return Number(rest[0] ?? code)
    const { args, log } = redirect(rest, context)
    code = await (programs[program] ?? succeed)(args, { ...context, log })
  }
  return code
}

interface Command {
  readonly words: readonly string[]
  /** Whether it runs only if the command before succeeded. */
  readonly isConditional: boolean
}

function toCommands(script: string): readonly Command[] {
  const tokens = script.match(/'[^']*'|"[^"]*"|&&|[;\n]|(?:[^\s;&'"]|&(?!&))+/g) ?? []
  const commands: { words: string[]; isConditional: boolean }[] = [{ words: [], isConditional: false }]
  for (const token of tokens) {
    if (/^(&&|[;\n])$/.test(token)) commands.push({ words: [], isConditional: token === '&&' })
    else commands.at(-1)?.words.push(token)
  }
  return commands.filter(({ words }) => words.length > 0)
}

/** An unquoted word that is empty after expansion is no argument. */
function expand(word: string, variables: ReadonlyMap<string, string>): readonly string[] {
  if (word.startsWith("'")) return [word.slice(1, -1)]
  const isQuoted = word.startsWith('"')
  const plain = isQuoted ? word.slice(1, -1) : word
  const expanded = plain.replace(variable, (_, name, braced) => variables.get(name ?? braced) ?? '')
  return expanded === '' && !isQuoted ? [] : [expanded]
}

const variable = /\$(?:(\w+)|\{(\w+)\})/g

/** Removes the redirection of stdout from the arguments, and returns a log that does it. */
function redirect(words: readonly string[], { log, write }: CommandContext): Pick<CommandContext, 'log'> & Arguments {
  const at = words.findIndex((word) => /^1?>/.test(word))
  const [, attached = ''] = /^1?>(.*)$/.exec(words[at] ?? '') ?? []
  if (at === -1) return { args: words, log }
  const target = attached === '' ? (words[at + 1] ?? '') : attached
  const args = words.filter((_, index) => index !== at && !(attached === '' && index === at + 1))
  if (target === '&2') return { args, log: (_, text) => log(2, text) }
  let written = Buffer.alloc(0)
  write(target, written)
  return {
    args,
    log: (stream, text) => {
      if (stream === 2) return log(2, text)
      written = Buffer.concat([written, Buffer.from(text)])
      write(target, written)
    },
  }
}

interface Arguments {
  readonly args: readonly string[]
}

type Program = (args: readonly string[], context: CommandContext) => Promise<number> | number

const succeed: Program = () => 0

const programs: Readonly<Record<string, Program>> = {
  echo(args, { log }) {
    log(1, `${args.join(' ')}\n`)
    return 0
  },
  seq([first = '1', last = '1'], { log }) {
    for (let number = Number(first); number <= Number(last); number += 1) log(1, `${number}\n`)
    return 0
  },
  cat([path = ''], { read, log }) {
    const content = read(path)
    if (content !== undefined) log(1, content)
    else log(2, `cat: ${path}: No such file or directory\n`)
    return content === undefined ? 1 : 0
  },
  test: ([flag, path = ''], { read }) => (flag === '-f' && read(path) === undefined ? 1 : 0),
  false: () => 1,
  async sleep([seconds], { signal }) {
    await pause(Number(seconds) * 1000, undefined, { signal })
    return 0
  },
  async hang(_, { signal }) {
    await new Promise((_resolve, reject) => {
      if (signal.aborted) reject(signal.reason)
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    return 0
  },
  async 'ssh-add'(_, { log, requestAgent }) {
    const answer = await requestAgent(Buffer.from([0, 0, 0, 1, identitiesRequest]))
    if (answer === undefined) {
      log(2, 'Could not open a connection to your authentication agent.\n')
      return 2
    }
    const count = answer[4] === identitiesAnswer ? answer.readUInt32BE(5) : 0
    log(1, `${count} identities\n`)
    return 0
  },
}

/** https://datatracker.ietf.org/doc/html/draft-miller-ssh-agent */
const identitiesRequest = 11
const identitiesAnswer = 12
