import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { dockerProduct, podmanProduct } from '../src/supported-products.js'

const page = readFileSync(new URL('../../../docs/engines.md', import.meta.url), 'utf8')

test.each([dockerProduct, podmanProduct])(
  'docs/engines.md has the oldest and newest tested version of $title',
  (product) => {
    const rows = page.matchAll(new RegExp(`^\\| ${product.title} [^|]*\\| (\\d+\\.\\d+)\\.\\d+ \\|`, 'gm'))
    const versions = [...rows].map(([, version]) => version)
    expect({ oldest: versions.at(0), newest: versions.at(-1) }).toEqual(product.testedVersions)
  },
)
