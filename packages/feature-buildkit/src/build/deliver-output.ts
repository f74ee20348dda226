import type { Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import type { ImageTransfer, OperationOptions } from '@capstan/core'
import type { BuildOutput } from './build-request.js'
import type { BuildEventListener } from './buildkit-build.js'
import { TransferProgress } from './transfer-progress.js'

/** The transfer of a build's stdout to the runtime or to the caller's stream. */
export interface Delivery {
  /** Resolves when everything is delivered. It need not be awaited. */
  readonly delivered: Promise<void>
  /** Rejects when the receiver fails while the build still writes. Never resolves. */
  readonly receiverFailed: Promise<never>
}

/** Delivers stdout. After a failure the rest of stdout is read and dropped, so that the build does not block. */
export function deliverOutput(
  images: ImageTransfer | undefined,
  stdout: Readable,
  { output, onEvents, signal }: DeliveryOptions,
): Delivery {
  const delivered = deliver()
  const receiverFailed = new Promise<never>((_, reject) => {
    delivered.catch((error: unknown) => {
      // After the end of stdout the cause may be the build and not the receiver.
      if (!stdout.readableEnded) reject(error)
      stdout.on('error', () => {}).resume()
    })
  })
  receiverFailed.catch(() => {}) // it may reject before it is awaited
  return { delivered, receiverFailed }

  async function deliver(): Promise<void> {
    using transfer = new TransferProgress({ id: 'result', onEvents })
    if (output.type === 'load' && images !== undefined) await images.loadImages(transfer.countBytes(stdout), { signal })
    else if (output.type === 'archive') await pipeline(transfer.countBytes(stdout), output.to, { end: false })
    else return void stdout.resume()
    transfer.finish()
  }
}

/** The destination of the result, and the listener for the progress of the transfer. */
export interface DeliveryOptions extends OperationOptions {
  readonly output: BuildOutput
  readonly onEvents: BuildEventListener
}

/** Ends the stream of a complete archive. */
export async function endArchive(output: BuildOutput): Promise<void> {
  if (output.type !== 'archive') return
  output.to.end()
  await finished(output.to, { readable: false })
}

/** Destroys the stream of an incomplete archive. Ending it would mark the archive as complete. */
export function destroyArchive(output: BuildOutput): void {
  if (output.type === 'archive') output.to.on('error', () => {}).destroy()
}
