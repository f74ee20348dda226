import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from './documents.js'
import { followGuide, type GuideFolder, readOutput, tsc } from './guide-files.js'

// They run the built packages, and the whole kit: nothing for the quick tests, though no engine is needed.
describe('docs/writing-a-runtime.md, followed to the letter', { timeout: 180_000 }, () => {
  const document = 'docs/writing-a-runtime.md'
  let guide: GuideFolder
  beforeAll(async () => {
    guide = await followGuide(document)
  })
  afterAll(async () => await guide[Symbol.asyncDispose]())

  it('has files whose types are right', async () => {
    expect(guide.files).toEqual(['package.json', 'index.js', 'conformance.test.js'])
    const compilerOptions = { ...options, allowJs: true, checkJs: true, noEmit: true }
    await writeFile(join(guide.path, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.js'] }))
    expect(await guide.run(process.execPath, [tsc, '-p', '.'])).toBe('')
  })

  it('passes the kit as a test', async () => {
    const output = await guide.run(process.execPath, ['--test', '--test-reporter=tap', 'conformance.test.js'])
    expect(output).toMatch(/^# pass \d{3}$/m)
    expect(output).toMatch(/^# fail 0$/m)
  })

  it('passes it at the terminal, with the page that is shown', async () => {
    const argv = [bin, 'conformance', '--plugin', '.', '--report', 'conformance.json']
    const output = await guide.run(process.execPath, argv)
    expect(withoutDuration(output)).toContain(withoutDuration(await readOutput(document, 'Refused')))
  })
})

describe('docs/writing-a-feature.md, followed to the letter', { timeout: 120_000 }, () => {
  const document = 'docs/writing-a-feature.md'
  let guide: GuideFolder
  beforeAll(async () => {
    guide = await followGuide(document)
  })
  afterAll(async () => await guide[Symbol.asyncDispose]())

  it('compiles, prints what is shown, and passes its own tests', async () => {
    expect(guide.files).toContain('tsconfig.json')
    expect(await guide.run(process.execPath, [tsc])).toBe('')
    const output = await guide.run(process.execPath, ['dist/main.js'])
    expect(output).toBe(await readOutput(document, output.split('\n')[0] ?? ''))
    const tests = await guide.run(process.execPath, ['--test', '--test-reporter=tap', 'dist/preview-feature.test.js'])
    expect(tests).toMatch(/^# pass 6$/m)
  })
})

/** How long it took is another matter each time. */
function withoutDuration(page: string): string {
  return page.replace(/ in \S+s\n/, '\n')
}

const bin = join(root, 'packages/cli/dist/bin.js')
const options = { target: 'ES2022', module: 'NodeNext', types: ['node'], strict: true, skipLibCheck: true }
