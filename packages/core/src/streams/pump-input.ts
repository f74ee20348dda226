import type { Readable, Writable } from 'node:stream'

/**
 * Sends a caller's input to a program until either ends, as `attach` promises: the end of the input half-closes, the input
 * itself is borrowed and never closed, and a program that ends before it has read all is no failure.
 */
export function pumpInput(source: Readable, target: Writable): InputPump {
  let stop = () => {}
  const failed = new Promise<never>((_, reject) => {
    const onData = (chunk: Uint8Array | string) => {
      // A process that ended early takes no more: no error, its exit code tells.
      if (!target.writable) return stop()
      if (!target.write(chunk)) source.pause()
    }
    const onDrain = () => source.resume()
    const onEnd = () => {
      stop()
      if (target.writable) target.end()
    }
    const onError = (error: unknown) => {
      onEnd()
      reject(error)
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

export interface InputPump {
  /** Rejects with the error of an input that fails, which half-closes too: its begin must not pass for the whole. */
  readonly failed: Promise<never>
  /** Sends no more; the input is left paused. */
  readonly stop: () => void
}
