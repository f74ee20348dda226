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

/**
 * Removes the network `bridge` that Podman 5.8 lists for a container in no network. Its default network is named `podman`.
 */
export function withoutShownBridge<T extends ListedAttachment>(
  networks: Readonly<Record<string, T>>,
): Readonly<Record<string, T>> {
  const isShown = ([name, { NetworkID, IPAddress }]: [string, T]) =>
    name === 'bridge' && NetworkID === 'bridge' && !IPAddress
  return Object.fromEntries(Object.entries(networks).filter((entry) => !isShown(entry)))
}

/** Removes the description of the failed request, which has several kilobytes, from the error of copying files. Seen on Podman 4.3. */
export function shortenPodmanText(text: string): string {
  return text.replace(/error during bulk transfer for copier\.request\{.*\}: /s, '')
}

interface ListedAttachment {
  readonly NetworkID?: string
  readonly IPAddress?: string
}
