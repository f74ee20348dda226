import type { ContainerState } from '@capstan/core'
import { delay } from '@capstan/core/plugin'

/** The states of containers that only Podman reports. Seen on Podman 4.3. */
export const podmanStates: Readonly<Record<string, ContainerState>> = {
  configured: 'created',
  initialized: 'created',
  stopped: 'exited',
}

/** Whether the last message of a pull has the id of the image, which is the success message of Podman 4.3. */
export function isPulledImage(last: { readonly id: string | undefined } | undefined, imageId: string): boolean {
  const id = last?.id ?? ''
  return /^[0-9a-f]{12,64}$/.test(id) && imageId.replace('sha256:', '').startsWith(id)
}

/**
 * Repeats a request that reads or removes images when another image is removed meanwhile. Podman 4.3 reads all images
 * for each answer, and fails when one of them disappears.
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
