import { finished, pipeline } from 'node:stream/promises'
import { unpackArchive } from '@capstan/build-context'
import type { ImageTransfer, OperationOptions } from '@capstan/core'
import type { SessionServices } from '../session/session.js'
import type { BuildOutput } from './build-request.js'
import type { BuildEventListener } from './buildkit-build.js'
import type { BuildKitKind } from './solve-request.js'
import { TransferProgress } from './transfer-progress.js'

/** Returns the receiver of the archive that BuildKit sends for this output; `undefined` if it sends none. */
export function createOutputReceiver(
  output: BuildOutput,
  { onEvents, ...options }: DeliveryOptions,
): SessionServices['output'] {
  const receive = toReceiver(output, options)
  if (receive === undefined) return undefined
  return async (archive) => {
    using transfer = new TransferProgress({ id: 'result', onEvents })
    await receive(transfer.countBytes(archive))
    transfer.finish()
  }
}

/** The destination of the result, and the listener for the progress of the transfer. */
export interface DeliveryOptions extends OperationOptions {
  readonly kind: BuildKitKind
  /** Required for the output `load` of a daemon. */
  readonly images: ImageTransfer | undefined
  /** Called with the references of the loaded image, or with its id if it has none. */
  readonly onLoad: (references: readonly string[]) => void
  readonly onEvents: BuildEventListener
}

function toReceiver(
  output: BuildOutput,
  { kind, images, onLoad, signal }: Omit<DeliveryOptions, 'onEvents'>,
): ((archive: AsyncIterable<Uint8Array>) => Promise<unknown>) | undefined {
  if (output.type === 'archive')
    return (archive) => pipeline(archive, output.to, { end: false, ...(signal && { signal }) })
  if (output.type === 'directory') return (archive) => unpackArchive(archive, output.to, { signal })
  if (output.type === 'load' && kind === 'daemon')
    return async (archive) => onLoad(await requireImages(images).loadImages(archive, { signal }))
  return undefined
}

function requireImages(images: ImageTransfer | undefined): ImageTransfer {
  if (images === undefined) throw new TypeError('the output "load" of a daemon needs the option "images"')
  return images
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
