import type { Writable } from 'node:stream'

/** Resolves when the stream took the bytes and can take more, or when the signal says to wait no longer; rejects when it fails or closes. */
export function writeTo(target: Writable, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (target.destroyed || target.writableEnded) return reject(new Error('the stream is closed'))
    const settle = (error?: Error | null) => {
      target.off('drain', onDone).off('close', onClose).off('error', settle)
      signal?.removeEventListener('abort', onDone)
      if (error) reject(error)
      else resolve()
    }
    const onDone = () => settle()
    const onClose = () => settle(new Error('the stream was closed'))
    target.on('close', onClose).on('error', settle)
    signal?.addEventListener('abort', onDone, { once: true })
    if (target.write(bytes)) settle()
    else target.on('drain', onDone)
  })
}
