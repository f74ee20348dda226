import { expect, test } from 'vitest'
import { checkTag } from '../../src/image/build-tag.js'

test.for([
  'app',
  'app:1',
  'a/b/c:V1.2_3-x',
  'localhost/app',
  'localhost:5000/a',
  'r.example/a--b',
  'registry:5000/a',
  'a__b',
])('takes %s', (tag) => expect(() => checkTag(tag)).not.toThrow())

test.for([
  'App',
  'app:',
  'app:-1',
  `app@sha256:${'a'.repeat(64)}`,
  'a//b',
  'a/',
  'a..b',
  'a:b:c',
  `a:${'x'.repeat(129)}`,
])('refuses %s, naming the field', (tag) =>
  expect(() => checkTag(tag)).toThrow(expect.objectContaining({ facts: expect.objectContaining({ field: 'tag' }) })),
)
