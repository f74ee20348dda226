import { expect, test } from 'vitest'
import { validateImageTag, validateLabels } from '../../src/plugin.js'

test('the error of an invalid lifetime label shows the valid values', () => {
  expect(() => validateLabels({ 'capstan.lifetime': 'x' })).toThrow(
    'labels["capstan.lifetime"] must be "lease" or "persistent", not "x"',
  )
})

test.for([
  'app',
  'app:1',
  'a/b/c:V1.2_3-x',
  'localhost/app',
  'localhost:5000/a',
  'r.example/a--b',
  'registry:5000/a',
  'a__b',
])('%s is a valid image tag', (tag) => expect(() => validateImageTag(tag)).not.toThrow())

test.for([
  '',
  'App',
  'Bad:Tag',
  'app:',
  'app:-1',
  `app@sha256:${'a'.repeat(64)}`,
  'a//b',
  'a/',
  'a..b',
  'a:b:c',
  `a:${'x'.repeat(129)}`,
  'a'.repeat(400),
  'a\n',
  7,
])('%s is an invalid image tag', (tag) =>
  expect(() => validateImageTag(tag, 'output.tags[0]')).toThrow(
    expect.objectContaining({ facts: expect.objectContaining({ field: 'output.tags[0]' }) }),
  ),
)
