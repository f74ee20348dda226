import { constants } from 'node:fs'
import { access, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Io } from '../io.js'
import { toUsageError } from '../usage-error.js'

/** A file that is written at the end of something long. */
export interface ReportFile {
  /** @throws UsageError that says why not */
  write(text: string): Promise<void>
}

/** Says now, and not after minutes, that there is no place for it. */
export async function prepareReportFile(path: string, { cwd }: Pick<Io, 'cwd'>): Promise<ReportFile> {
  const file = resolve(cwd, path)
  const fail = (cause: unknown) => {
    throw toUsageError(`the report ${path} cannot be written`, cause)
  }
  await access(dirname(file), constants.W_OK).catch(fail)
  return { write: async (text) => await writeFile(file, text).catch(fail) }
}
