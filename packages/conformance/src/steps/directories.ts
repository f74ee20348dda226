import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { findTemporaryDirectory } from '@capstan/core/plugin'
import type { CaseContext } from '../case-context.js'

/** Creates a temporary directory of this machine that is removed after the case. */
export async function createDirectory(context: CaseContext): Promise<string> {
  const directory = await mkdtemp(join(findTemporaryDirectory(context.env), 'conformance-'))
  context.defer(directory, () => rm(directory, { recursive: true, force: true }))
  return directory
}
