import type { Writable } from 'node:stream'

/** Writes bytes and resolves when the stream has processed them. Rejects when the stream fails. */
export function writeTo(target: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (target.destroyed || target.writableEnded) return reject(new Error('the stream is closed'))
    const settle = (error?: Error | null) => {
      target.off('close', onClose).off('error', settle)
      if (error) reject(error)
      else resolve()
    }
    const onClose = () => settle(new Error('the stream was closed'))
    target.on('close', onClose).on('error', settle)
    target.write(bytes, settle)
  })
}
