import { delay } from '@capstan/core/plugin'

/**
 * Repeats a request that reads or removes images when another image is removed meanwhile. Podman 4.3, and Docker
 * 28.5 with the image store of containerd, read all images for an answer, and fail when one of them disappears.
 */
export async function retryVanishedImage<T>(
  { method, path, signal }: RepeatableRequest,
  isVanished: (error: unknown) => boolean,
  send: () => Promise<T>,
): Promise<T> {
  const isRepeatable = (method === 'GET' || method === 'DELETE') && path.startsWith('/images/')
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send()
    } catch (error) {
      if (!isRepeatable || attempt === mostAttempts || !isVanished(error)) throw error
      await delay(betweenMs * attempt, { signal })
    }
  }
}

interface RepeatableRequest {
  readonly method: string
  readonly path: string
  readonly signal?: AbortSignal | undefined
}

/** With the growing delay this is about 4 s in total. */
const mostAttempts = 20
const betweenMs = 20
