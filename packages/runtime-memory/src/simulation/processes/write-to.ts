import type { Writable } from 'node:stream'

/** Writes bytes and resolves when they are processed or the signal aborts. Rejects when the stream fails. */
export function writeTo(target: Writable, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (target.destroyed || target.writableEnded) return reject(new Error('the stream is closed'))
    const settle = (error?: Error | null) => {
      target.off('close', onClose).off('error', settle)
      signal?.removeEventListener('abort', onAbort)
      if (error) reject(error)
      else resolve()
    }
    const onAbort = () => settle()
    const onClose = () => settle(new Error('the stream was closed'))
    target.on('close', onClose).on('error', settle)
    signal?.addEventListener('abort', onAbort, { once: true })
    target.write(bytes, settle)
  })
}
