import { Argument, type Command } from 'commander'
import { toExamples } from '../options/command-definition.js'
import { completionScripts } from '../render/completion-scripts.js'
import { writeOutput } from '../render/write-output.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan completion`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description(
      'Prints a script that completes commands, options and names of containers, images, networks and volumes in a shell.',
    )
    .addArgument(new Argument('<shell>', 'The shell').choices(Object.keys(completionScripts)))
    .addHelpText(
      'after',
      toExamples({
        'source <(capstan completion bash)': 'Complete in this bash; add the line to ~/.bashrc for every one',
        'source <(capstan completion zsh)': 'Complete in this zsh; add the line to ~/.zshrc, after compinit',
        'capstan completion fish | source': 'Complete in this fish; add the line to ~/.config/fish/config.fish',
      }),
    )
  setAction(command, completion)
}

async function completion({ invocation, operands }: Call): Promise<number> {
  const { io, interrupts } = invocation
  const script = Object.entries(completionScripts).find(([shell]) => shell === operands[0])?.[1] ?? ''
  await writeOutput(io.stdout, script, interrupts)
  return 0
}
