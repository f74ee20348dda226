import { expect, it } from 'vitest'
import { readBuildSources } from '../../src/build/build-sources.js'

it('has an ignored directory before an entry of it, which BuildKit requires', async () => {
  const files = { Dockerfile: '', '.dockerignore': '*\n!keep/**\n', 'keep/a': '', 'keep/b/c': '', 'drop/d': '' }
  const { sources } = await readBuildSources({ context: { files }, output: { type: 'cache-only' } }, {})
  const paths = sources.context?.map(({ path }) => path)
  expect(paths).toEqual(['.dockerignore', 'Dockerfile', 'keep', 'keep/a', 'keep/b', 'keep/b/c'])
})
