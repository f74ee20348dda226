import { fileURLToPath } from 'node:url'
import { memoryPlugin } from '@capstan/runtime-memory'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { runtimePluginSuite } from '../src/index.js'

// Not among the quick tests, because the other process needs the built packages.
runtimePluginSuite(
  { describe, it, beforeAll, afterAll },
  {
    plugin: memoryPlugin(),
    image: 'busybox:latest',
    specifier: fileURLToPath(new URL('../../runtime-memory', import.meta.url)),
    only: ['PROC'],
  },
)
