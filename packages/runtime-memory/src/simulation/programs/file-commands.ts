import { posix } from 'node:path'
import type { MemoryProcess, MemoryProgram } from '../memory-program.js'
import { reportErrors, write } from './command-io.js'

/** Commands that list and create files and change their modes. */
export const fileCommands: Readonly<Record<string, MemoryProgram>> = { chmod, ls, stat, touch }

/** `chmod OCTAL FILE…` */
async function chmod(process: MemoryProcess): Promise<number> {
  const [, mode = '', ...paths] = process.argv
  return await reportErrors(process, async () => {
    if (!/^[0-7]{3,4}$/.test(mode)) throw new Error(`expected an octal mode, got ${mode}`)
    for (const path of paths) await process.files.changeMode(path, Number.parseInt(mode, 8))
  })
}

/** `ls [DIRECTORY]` */
async function ls(process: MemoryProcess): Promise<number> {
  return await reportErrors(process, async () => {
    const names = await process.files.list(process.argv[1] ?? '.')
    await write(process.stdout, names.map((name) => `${name}\n`).join(''))
  })
}

/** `stat -c %a FILE` prints the mode in octal. Other forms are not supported. */
async function stat(process: MemoryProcess): Promise<number> {
  const [, option, format, path = ''] = process.argv
  return await reportErrors(process, async () => {
    if (option !== '-c' || format !== '%a') throw new Error('expected -c %a and a file')
    await write(process.stdout, `${(await process.files.mode(path)).toString(8)}\n`)
  })
}

/** `touch FILE…` */
async function touch(process: MemoryProcess): Promise<number> {
  return await reportErrors(process, async () => {
    for (const path of process.argv.slice(1)) {
      const content = await process.files.read(path).catch(() => new Uint8Array())
      await process.files.write(posix.normalize(path), content)
    }
  })
}
