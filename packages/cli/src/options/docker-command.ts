import { Command, type Option, type ParseOptionsResult } from 'commander'
import { parseBoolean } from './numbers.js'

/**
 * A command that also reads two forms of options that docker has and commander lacks: a flag with a value, as in `--rm=true` or
 * `-a=false`, and `=` between a letter and its value, as in `-p=8080:80`.
 */
export class DockerCommand extends Command {
  #endsAtOperand = false

  override createCommand(name?: string): DockerCommand {
    return new DockerCommand(name)
  }

  override passThroughOptions(passThrough = true): this {
    this.#endsAtOperand = passThrough
    return super.passThroughOptions(passThrough)
  }

  /** @throws HostError INVALID_ARGUMENT for a flag with another value than true or false */
  override parseOptions(argv: string[]): ParseOptionsResult {
    const endsAtOperand = this.#endsAtOperand || this.commands.length > 0
    const words: string[] = []
    const turnedOff: Option[] = []
    let index = 0
    while (index < argv.length) {
      const word = argv[index] ?? ''
      if (word === '--' || (endsAtOperand && !/^-./.test(word))) break
      index++
      const { option, flags, value } = this.#read(word)
      if (option?.required) {
        words.push(flags)
        // The next word is the value, also if it resembles an option.
        if (value === undefined) words.push(...argv.slice(index, ++index))
        else words.push(value)
      } else if (option === undefined || value === undefined) words.push(word)
      else if (parseBoolean(value, flags)) words.push(flags)
      else {
        turnedOff.push(option)
        // The flags before it in `-it=false`.
        if (/^-[^-]./.test(flags)) words.push(flags.slice(0, -1))
      }
    }
    const result = super.parseOptions([...words, ...argv.slice(index)])
    for (const option of turnedOff) this.setOptionValue(option.attributeName(), option.negate)
    return result
  }

  /** Splits a word into its flags and the value after `=`. The option is that of the last flag. */
  #read(word: string): ReadWord {
    const [, flags = '', value] = /^(--[^=]+|-[^-=]+)(?:=(.*))?$/s.exec(word) ?? []
    const names = flags.startsWith('--') ? [flags] : [...flags.slice(1)].map((letter) => `-${letter}`)
    const found = names.map((name) => this.options.find(({ long, short }) => long === name || short === name))
    // In `-eNAME=value`, the value begins after the first letter.
    if (!found.slice(0, -1).every((option) => option !== undefined && !option.required)) return { flags: word }
    return { option: found.at(-1), flags, value }
  }
}

interface ReadWord {
  readonly option?: Option | undefined
  readonly flags: string
  readonly value?: string | undefined
}
