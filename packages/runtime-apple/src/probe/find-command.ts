import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join, resolve } from 'node:path'

/** The path of an executable, by its name in the folders of PATH; `undefined`: there is none. */
export async function findCommand(name: string, path: string | undefined): Promise<string | undefined> {
  const isPath = isAbsolute(name) || name.includes('/')
  const folders = (path ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const candidate of isPath ? [resolve(name)] : folders.map((folder) => join(folder, name))) {
    if (await isExecutable(candidate)) return candidate
  }
  return undefined
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
