import type { Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import type { OperationOptions } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import type { BuildOutput } from './build-request.js'
import type { EventSink } from './buildkit-build.js'
import { TransferCount } from './transfer-count.js'

/** What a build writes to stdout, brought to where it belongs. */
export interface Delivery {
  /** Resolves when all of it is there; never rejects. */
  readonly settled: Promise<DeliveryFailure | undefined>
  /** Rejects when the receiver fails while the build still writes; resolves never. */
  readonly brokenOff: Promise<never>
}

export interface DeliveryFailure {
  readonly error: unknown
  /** The build had not written all of it: the receiver is at fault, not the build. */
  readonly isEarly: boolean
}

/** Reads stdout to its end in any case, so that a build never waits for its reader. */
export function deliverOutput(
  { images }: BuildKitManagers,
  stdout: Readable,
  { output, onEvents, signal }: DeliveryOptions,
): Delivery {
  const settled = deliver().then(
    () => undefined,
    (error: unknown): DeliveryFailure => {
      const isEarly = !stdout.readableEnded
      stdout.on('error', () => {}).resume()
      return { error, isEarly }
    },
  )
  const brokenOff = settled.then((failure) =>
    failure?.isEarly === true ? Promise.reject(failure.error) : new Promise<never>(() => {}),
  )
  brokenOff.catch(() => {}) // heard by whoever races it
  return { settled, brokenOff }

  async function deliver(): Promise<void> {
    using transfer = new TransferCount({ id: 'result', onEvents })
    if (output.type === 'load' && images !== undefined) await images.loadImages(transfer.count(stdout), { signal })
    else if (output.type === 'archive') await pipeline(transfer.count(stdout), output.to, { end: false })
    else return void stdout.resume()
    transfer.finish()
  }
}

/** Where the result goes, and who hears of the transfer. */
export interface DeliveryOptions extends OperationOptions {
  readonly output: BuildOutput
  readonly onEvents: EventSink
}

/** The end of an archive says that it is whole. */
export async function endArchive(output: BuildOutput): Promise<void> {
  if (output.type !== 'archive') return
  output.to.end()
  await finished(output.to, { readable: false })
}

/** What is not whole does not end, but breaks off. */
export function breakArchive(output: BuildOutput): void {
  if (output.type === 'archive') output.to.on('error', () => {}).destroy()
}
