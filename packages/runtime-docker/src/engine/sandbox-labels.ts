import type { StringMap } from '@capstan/core/plugin'

/** The labels of a container in the network namespace of a sandbox. */
export function toReplacementLabels({ firstId, sandboxId }: ReplacementLabels): StringMap {
  return { [labelKeys.firstId]: firstId, [labelKeys.sandboxId]: sandboxId }
}

/** The label of a sandbox: the first id of its container. */
export function toSandboxLabels(firstId: string): StringMap {
  return { [labelKeys.sandboxOf]: firstId }
}

/**
 * Reads the labels of a container in a sandbox; `undefined` for any other container, also for one that inherited the labels
 * from an image.
 */
export function findReplacementLabels(
  labels: StringMap | null | undefined,
  networkMode: string | undefined,
): ReplacementLabels | undefined {
  const firstId = labels?.[labelKeys.firstId]
  const sandboxId = labels?.[labelKeys.sandboxId]
  if (firstId === undefined || sandboxId === undefined) return undefined
  return networkMode === `container:${sandboxId}` ? { firstId, sandboxId } : undefined
}

/** Whether a container has the labels of one in a sandbox. It may have inherited them from an image. */
export function hasReplacementLabels(labels: StringMap | null | undefined): boolean {
  return labels?.[labelKeys.firstId] !== undefined
}

/** The first id in the labels of a container that was removed, so that its network mode is not known any more. */
export function findRecordedReplacement(labels: StringMap): string | undefined {
  return labels[labelKeys.firstId]
}

/** The first id of the container that a sandbox is for; `undefined` for other containers. */
export function findSandboxOf(labels: StringMap | null | undefined): string | undefined {
  return labels?.[labelKeys.sandboxOf]
}

/** The labels of a container in a sandbox: its first id, and the id of the sandbox. */
export interface ReplacementLabels {
  readonly firstId: string
  readonly sandboxId: string
}

/** Key of a label of every container in a sandbox. */
export const sandboxedKey = 'capstan.firewall.first-id'

const labelKeys = {
  firstId: sandboxedKey,
  sandboxId: 'capstan.firewall.sandbox',
  sandboxOf: 'capstan.firewall.sandbox-of',
} as const
