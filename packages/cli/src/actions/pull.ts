import { imageTransferCapability, requireCapabilities, validateImageReference } from '@capstan/core'
import type { Call } from '../commands/command-line.js'
import type { PullCommandOptions } from '../commands/pull.js'
import { openRuntime } from '../open-host.js'
import { withoutUndefined } from '../parse/without-undefined.js'
import { createPullDisplay } from '../render/pull-display.js'
import { toJson, writeOutput } from '../render/write-output.js'

/** Fetches an image; progress on stderr, its id on stdout. */
export async function pull({ invocation, operands, options }: Call<PullCommandOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const [image = ''] = operands
  validateImageReference(image)
  await using opened = await openRuntime(invocation, { requires: [imageTransferCapability] })
  const { images } = requireCapabilities(opened.scope, { images: imageTransferCapability })
  const display = options.quiet === true ? undefined : createPullDisplay(io.stderr, image)
  const onProgress = display?.onProgress.bind(display)
  try {
    const id = await images.pullImage(image, {
      signal: interrupts.signal,
      ...withoutUndefined({ platform: options.platform, onProgress }),
    })
    display?.succeed(`Pulled ${image}`)
    await writeOutput(io.stdout, options.json ? toJson({ image, id }) : `${id}\n`, interrupts)
    return 0
  } finally {
    display?.clear()
  }
}
