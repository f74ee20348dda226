import { createHostError, isImageId } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { CliError } from '../errors/cli-error.js'
import { pickImage } from '../host/find-image.js'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-definition.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan rmi`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Removes tags of images, and each image with its last tag.')
    .argument('<image...>', 'Reference, ID, or prefix of an ID')
    .option('-f, --force', 'Remove an image with several tags by its ID; an absent image is not an error')
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toExamples({ 'capstan rmi app:1': 'Remove the tag app:1' }))
  setAction<RmiOptions>(command, rmi)
}

interface RmiOptions {
  readonly force?: boolean
  readonly json?: boolean
}

async function rmi({ invocation, operands, options }: Call<RmiOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  await using opened = await openRuntime(invocation)
  const { runtime, runtimeName } = opened.scope
  const done: string[] = []
  const failures: unknown[] = []
  // One after the other, since several operands may name one image.
  for (const reference of operands) {
    try {
      const all = await runtime.listImages({ all: true, signal })
      const image = pickImage(all, reference)
      const { force = false } = options
      if (isImageId(image)) rejectTags(all.find(({ id }) => id === image)?.tags ?? [], { reference, force })
      const isPresent = await runtime.imageExists(image, { signal })
      if (!isPresent && !force) throw createHostError('IMAGE_NOT_FOUND', { image: reference })
      await runtime.removeImage(image, { signal })
      if (!isPresent) continue
      done.push(reference)
      if (!options.json) await writeOutput(io.stdout, `${reference}\n`, { signal })
    } catch (error) {
      signal.throwIfAborted()
      failures.push(error)
    }
  }
  if (options.json) await writeOutput(io.stdout, toJson({ runtime: runtimeName, done }), { signal })
  if (failures.length > 0) throw new AggregateError(failures)
  return 0
}

/** Throws a {@link CliError} for an image with several tags, as docker does without `--force`. */
function rejectTags(
  tags: readonly string[],
  { reference, force }: { readonly reference: string; readonly force: boolean },
): void {
  if (force || tags.length < 2) return
  const remedies = ['name one of the tags, or use --force to remove them all']
  throw new CliError(`image "${reference}" has several tags: ${tags.join(', ')}`, { remedies })
}
