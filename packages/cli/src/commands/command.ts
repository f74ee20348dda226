import type { Command, OptionValues } from 'commander'
import type { Invocation } from '../host/invocation.js'

/** One command as the user typed it. `O` is the shape of its options, as its definition parses them. */
export interface Call<O = object> {
  readonly invocation: Invocation
  readonly operands: readonly string[]
  readonly options: O
}

/** Adds the global options to a command, and sets its action, which resolves with the exit status. */
export type SetAction = <O extends OptionValues>(command: Command, action: (call: Call<O>) => Promise<number>) => void

/** The exports of the file of a command. */
export interface CommandModule {
  /** Adds the description, arguments and options of the command, and its action. */
  define(command: Command, setAction: SetAction): void
}
