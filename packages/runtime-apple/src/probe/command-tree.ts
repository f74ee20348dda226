import { isObject, type JsonObject, readJson } from '../cli/read-json.js'

/** The commands and options of the installed `container` command. */
export class CommandTree {
  readonly #root: JsonObject

  constructor(root: JsonObject) {
    this.#root = root
  }

  hasCommand(...path: readonly string[]): boolean {
    return this.#find(path) !== undefined
  }

  /** `name` is without dashes. */
  hasOption(path: readonly string[], name: string): boolean {
    const listed = toObjects(this.#find(path)?.arguments)
    return listed.some((argument) => toObjects(argument.names).some((known) => known.name === name))
  }

  #find(path: readonly string[]): JsonObject | undefined {
    let command: JsonObject | undefined = this.#root
    for (const name of path) {
      command = toObjects(command?.subcommands).find((listed) => listed.commandName === name)
    }
    return command
  }
}

/** Parses the output of `--experimental-dump-help`. `undefined` if its format is unknown, because it may change any time. */
export function parseCommandTree(output: Uint8Array): CommandTree | undefined {
  try {
    const value = readJson('--experimental-dump-help', output)
    const root = isObject(value) ? value.command : undefined
    return isObject(root) && Array.isArray(root.subcommands) ? new CommandTree(root) : undefined
  } catch {
    return undefined
  }
}

function toObjects(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
