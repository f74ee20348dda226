import { imageTransferCapability, type Runtime } from '@capstan/core'
import { createHostError, parseImageReference, toFamiliarName, validatePushReference } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-definition.js'
import { createPullDisplay } from '../render/pull-display.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan push`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Pushes an image to its registry and prints its digest.')
    .argument('<image>', 'Name with an optional tag, such as registry.example/app:1')
    .option('-a, --all-tags', 'Push all tags of the repository')
    .option('-q, --quiet', 'Suppress progress output')
    .option('--json', 'Print one JSON document')
    .addHelpText(
      'after',
      toExamples({ 'capstan push registry.example/app:1': 'Push a tag; progress on stderr, its digest on stdout' }),
    )
  setAction<PushOptions>(command, push)
}

interface PushOptions {
  readonly allTags?: boolean
  readonly quiet?: boolean
  readonly json?: boolean
}

async function push({ invocation, operands, options }: Call<PushOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const [image = ''] = operands
  validatePushReference(image, 'image')
  await using opened = await openRuntime(invocation, { requires: [imageTransferCapability] })
  const transfer = await opened.require(imageTransferCapability)
  const { runtime, runtimeName } = opened.scope
  const tags = options.allTags ? await listTags(runtime, image, signal) : [image]
  const pushed: { readonly image: string; readonly digest: string | undefined }[] = []
  for (const tag of tags) {
    using display = options.quiet ? undefined : createPullDisplay(io.stderr, tag, { verb: 'Pushing' })
    const digest = await transfer.pushImage(tag, { signal, ...(display && { onProgress: display.onProgress }) })
    display?.succeed(`Pushed ${tag}`)
    pushed.push({ image: tag, digest })
    if (!options.json) await writeOutput(io.stdout, `${toDigestReference(tag, digest)}\n`, interrupts)
  }
  if (options.json) await writeOutput(io.stdout, toJson({ runtime: runtimeName, pushed }), interrupts)
  return 0
}

/** Lists the tags of the repository. */
async function listTags(
  runtime: Pick<Runtime, 'listImages'>,
  image: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { name, tag } = parseImageReference(image)
  if (tag !== undefined) {
    const expected = 'a name without a tag, with --all-tags'
    throw createHostError('INVALID_ARGUMENT', { field: 'image', expected, given: JSON.stringify(image) })
  }
  const repository = toFamiliarName(name)
  const all = (await runtime.listImages({ signal })).flatMap(({ tags }) => tags)
  const tags = all.filter((one) => parseImageReference(one).name === repository).toSorted()
  if (tags.length === 0) throw createHostError('IMAGE_NOT_FOUND', { image })
  return tags
}

/** Returns `app@sha256:…`, or the reference itself where the runtime does not report the digest. */
function toDigestReference(image: string, digest: string | undefined): string {
  return digest === undefined ? image : `${parseImageReference(image).name}@${digest}`
}
