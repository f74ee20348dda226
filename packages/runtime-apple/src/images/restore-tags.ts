import { randomUUID } from 'node:crypto'
import { hasLabels, type Operation, toFullName } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
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
  context: AppleRuntimeContext,
  references: readonly string[],
  call: Operation,
): Promise<() => Promise<void>> {
  const backups: string[] = []
  const removeBackups = async (own: CliCall) => {
    if (backups.length > 0) await deleteReferences(context, backups, own)
  }
  call.undo.add('references to earlier images', ({ signal }) => removeBackups({ ...call, signal }))
  for (const reference of references) {
    const found = await findImage(context, reference, call)
    const earlier = found && { id: found.id, backup: toFullName(`capstan-earlier:${randomUUID()}`) }
    if (earlier !== undefined) {
      backups.push(earlier.backup)
      await context.run(['image', 'tag', reference, earlier.backup], { ...call, subject: reference })
    }
    const moved = { reference, earlier }
    call.undo.add(`tag ${reference}`, ({ signal }) => restoreTag(context, moved, { ...call, signal }))
  }
  return () => removeBackups(call)
}

interface MovedTag {
  readonly reference: string
  readonly earlier: { readonly id: string; readonly backup: string } | undefined
}

/** Restores a tag if it names another image, and this runtime built that. */
async function restoreTag(context: AppleRuntimeContext, moved: MovedTag, call: CliCall): Promise<void> {
  const { reference, earlier } = moved
  const current = await findImage(context, reference, call)
  if (current === undefined || current.id === earlier?.id) return
  if (!hasLabels(current.config?.labels ?? {}, context.ownerLabels)) return
  if (earlier === undefined) await deleteReferences(context, [reference], call)
  else await context.run(['image', 'tag', earlier.backup, reference], { ...call, subject: reference })
}
