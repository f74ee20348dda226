import type { Readable, Writable } from 'node:stream'
import type { OperationNames } from '../operation-scope.js'
import { toStreamFailure } from './stream-failure.js'

/**
 * Copies an input stream to the stdin of a process with back-pressure, until either ends. The end of the input ends `target`.
 * The input is never closed. The end of the process before it has read everything is not a failure.
 */
export function pumpInput(source: Readable, target: Writable, call: OperationNames): InputPump {
  let stop = () => {}
  const failed = new Promise<never>((_, reject) => {
    const onData = (chunk: Uint8Array | string) => {
      // The process has ended. Its exit code is the result.
      if (!target.writable) return stop()
      if (!target.write(chunk)) source.pause()
    }
    const onDrain = () => source.resume()
    const onEnd = () => {
      stop()
      if (target.writable) target.end()
    }
    const onError = (error: unknown) => {
      stop()
      reject(toStreamFailure(call, 'input', error))
    }
    stop = () => {
      source.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onError)
      target.off('drain', onDrain).off('close', stop)
      source.pause()
    }
    if (source.errored !== null) return onError(source.errored)
    if (source.readableEnded || source.destroyed) return onEnd()
    target.on('drain', onDrain).on('close', stop)
    source.on('end', onEnd).on('close', onEnd).on('error', onError).on('data', onData)
  })
  failed.catch(() => {})
  return { failed, stop: () => stop() }
}

/** A running copy of an input stream. */
export interface InputPump {
  /**
   * Rejects with OPERATION_FAILED when the input fails. End or destroy the target then and reject, since the process
   * has read only a part of its input. A rejection that is not observed is ignored.
   */
  readonly failed: Promise<never>
  /** Stops the copy, pauses the input and removes all listeners. */
  readonly stop: () => void
}
