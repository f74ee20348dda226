import type { ContainerState } from '@capstan/core'

/** The states of containers that only Podman reports. Seen on Podman 4.3 and 5.8. */
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
