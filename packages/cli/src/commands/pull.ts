import { imageTransferCapability } from '@capstan/core'
import { validateImageReference } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-definition.js'
import { omitUndefined } from '../options/omit-undefined.js'
import { createPullDisplay } from '../render/pull-display.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan pull`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Pulls an image from a registry and prints its ID.')
    .argument('<image>', 'Reference, such as busybox:1.37')
    .option('--platform <os/arch>', 'Set the platform, such as linux/arm64')
    .option('-q, --quiet', 'Suppress progress output')
    .option('--json', 'Print one JSON document')
    .addHelpText(
      'after',
      toExamples({ 'capstan pull busybox:1.37': 'Pull an image; progress on stderr, its ID on stdout' }),
    )
  setAction<PullOptions>(command, pull)
}

interface PullOptions {
  readonly platform?: string
  readonly quiet?: boolean
  readonly json?: boolean
}

async function pull({ invocation, operands, options }: Call<PullOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const [image = ''] = operands
  validateImageReference(image)
  await using opened = await openRuntime(invocation, { requires: [imageTransferCapability] })
  const images = await opened.require(imageTransferCapability)
  using display = options.quiet ? undefined : createPullDisplay(io.stderr, image)
  const id = await images.pullImage(image, {
    signal: interrupts.signal,
    ...omitUndefined({ platform: options.platform, onProgress: display?.onProgress }),
  })
  display?.succeed(`Pulled ${image}`)
  await writeOutput(io.stdout, options.json ? toJson({ image, id }) : `${id}\n`, interrupts)
  return 0
}
