import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { root } from './documents.js'

/** Runs a program of a document with Node and the built packages. Resolves with its output. */
export async function runDocumentedProgram(text: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  // The file is inside the repository, so that the packages resolve.
  const folder = await mkdtemp(`${root}test/docs/.program-`)
  try {
    await writeFile(`${folder}/program.mjs`, text)
    const running = promisify(execFile)(process.execPath, [`${folder}/program.mjs`], {
      cwd: folder,
      env: { ...process.env, ...env },
      timeout: 30_000,
    })
    return (await running).stdout.trimEnd()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
