import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { readBlocks, root, toExpectedOutput } from './documents.js'
import { runDocumentedProgram } from './run-documented-program.js'

const blocks = readBlocks()
const programs = blocks.filter(({ language, text }) => language === 'js' && !text.includes('@capstan/runtime-docker'))
// JavaScript programs are compiled as TypeScript too, because readers may paste them into TypeScript files.
const samples = blocks.filter(({ language }) => language === 'ts' || language === 'js')

describe('a program of the documentation', () => {
  it.each(programs)('of $place prints the documented output', async (block) => {
    expect(await runDocumentedProgram(block.text)).toBe(toExpectedOutput(block))
  })
})

describe('the samples of the documentation', () => {
  it('compile', async () => {
    const folder = await mkdtemp(`${root}test/docs/.samples-`)
    try {
      await Promise.all(samples.map(({ text }, index) => writeFile(`${folder}/sample-${index}.ts`, text)))
      // The stricter compiler options of this repository do not apply to readers.
      const relaxed = { isolatedDeclarations: false, declaration: false, declarationMap: false, noUnusedLocals: false }
      const compilerOptions = { composite: false, noEmit: true, customConditions: [], ...relaxed }
      const config = { extends: `${root}tsconfig.base.json`, compilerOptions, include: ['*.ts'] }
      await writeFile(`${folder}/tsconfig.json`, JSON.stringify(config))
      const compiling = promisify(execFile)(`${root}node_modules/.bin/tsc`, ['-p', folder])
      await expect(compiling.catch((error: { stdout: string }) => Promise.reject(error.stdout))).resolves.toBeDefined()
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
