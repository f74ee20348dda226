import { eraseCredentials } from '@capstan/runtime-docker'
import type { Command } from 'commander'
import { toExamples } from '../options/command-definition.js'
import { parseRegistry } from '../options/registry.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan logout`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Removes the stored credentials of a registry, also those that docker stored.')
    .argument('[registry]', 'Host of the registry', 'docker.io')
    .option('--json', 'Print one JSON document')
    .addHelpText(
      'after',
      toExamples({ 'capstan logout registry.example': 'Remove the credentials of registry.example' }),
    )
  setAction<{ readonly json?: boolean }>(command, logout)
}

async function logout({ invocation, operands, options }: Call<{ readonly json?: boolean }>): Promise<number> {
  const { io, interrupts } = invocation
  const registry = parseRegistry(operands[0])
  const removed = await eraseCredentials(registry, { env: io.env }, { signal: interrupts.signal })
  const sentence = removed ? `Removing login credentials for ${registry}` : `Not logged in to ${registry}`
  await writeOutput(io.stdout, options.json ? toJson({ registry, removed }) : `${sentence}\n`, interrupts)
  return 0
}
