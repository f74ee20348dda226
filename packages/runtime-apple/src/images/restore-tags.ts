import { randomUUID } from 'node:crypto'
import { hasLabels, type Operation, toFullName } from '@capstan/core/plugin'
import type { AppleConnection } from '../apple-connection.js'
import type { CliCall } from '../cli/apple-cli.js'
import { deleteReferences, findImage } from './images.js'

/**
 * Prepares the undo of a build that moves tags. If the call fails or is aborted, each tag names its earlier image again, and
 * a tag without an earlier image is removed.
 *
 * An image without a reference cannot be found again, so earlier images get a second reference until the end of the call.
 * Resolves with the function that removes these references after a successful build.
 */
export async function prepareTagRestore(
  connection: AppleConnection,
  references: readonly string[],
  call: Operation,
): Promise<() => Promise<void>> {
  const backups: string[] = []
  const removeBackups = async (own: CliCall) => {
    if (backups.length > 0) await deleteReferences(connection, backups, own)
  }
  call.undo.add('references to earlier images', ({ signal }) => removeBackups({ ...call, signal }))
  for (const reference of references) {
    const found = await findImage(connection, reference, call)
    const earlier = found && { id: found.id, backup: toFullName(`capstan-earlier:${randomUUID()}`) }
    if (earlier !== undefined) {
      backups.push(earlier.backup)
      await connection.run(['image', 'tag', reference, earlier.backup], { ...call, subject: reference })
    }
    const moved = { reference, earlier }
    call.undo.add(`tag ${reference}`, ({ signal }) => restoreTag(connection, moved, { ...call, signal }))
  }
  return () => removeBackups(call)
}

interface MovedTag {
  readonly reference: string
  readonly earlier: { readonly id: string; readonly backup: string } | undefined
}

/** Restores a tag if it names another image, and this runtime built that. */
async function restoreTag(connection: AppleConnection, { reference, earlier }: MovedTag, call: CliCall): Promise<void> {
  const current = await findImage(connection, reference, call)
  if (current === undefined || current.id === earlier?.id) return
  if (!hasLabels(current.config?.labels ?? {}, connection.ownerLabels)) return
  if (earlier === undefined) await deleteReferences(connection, [reference], call)
  else await connection.run(['image', 'tag', earlier.backup, reference], { ...call, subject: reference })
}
