import { imageManagerCapability } from '@capstan/core'
import { validateImageReference, validateImageTag } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { resolveImage } from '../host/find-image.js'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-definition.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan tag`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Gives an image a further tag. An image that had the tag before is kept.')
    .argument('<source>', 'Reference, ID, or prefix of an ID')
    .argument('<target>', 'Name with an optional tag, such as app:1')
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toExamples({ 'capstan tag app:1 registry.example/app:1': 'Name an image for a registry' }))
  setAction<{ readonly json?: boolean }>(command, tag)
}

async function tag({ invocation, operands, options }: Call<{ readonly json?: boolean }>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const [source = '', target = ''] = operands
  validateImageReference(source)
  validateImageTag(target)
  await using opened = await openRuntime(invocation, { requires: [imageManagerCapability] })
  const { runtime, runtimeName } = opened.scope
  const manager = await opened.require(imageManagerCapability)
  await manager.tagImage(await resolveImage(runtime, source, { signal }), target, { signal })
  if (options.json) await writeOutput(io.stdout, toJson({ runtime: runtimeName, source, target }), interrupts)
  return 0
}
