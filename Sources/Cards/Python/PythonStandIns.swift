/// The part of the driver that stands in for MAGNET's classes of HELM outputs.
enum PythonStandIns {
  static let source = #"""
    def stand_ins(card):
        """A finder of modules, for cards that import MAGNET's classes of HELM outputs where only pandas is installed: the
        classes ask magnet for its tables, which equal MAGNET's data frames."""
        import json
        import os

        class StandIns:
            """The finder, which is asked last."""

            names = {'ubelt', 'magnet', 'magnet.helm_outputs', 'magnet.backends', 'magnet.backends.helm',
                     'magnet.backends.helm.helm_outputs'}

            @classmethod
            def find_spec(cls, name, path=None, target=None):
                # The last finder that is asked: what is installed was found before.
                if name not in cls.names or not card.get('binary'): return None
                import importlib.machinery
                return importlib.machinery.ModuleSpec(name, cls, is_package=True)

            @staticmethod
            def create_module(spec):
                return None

            @classmethod
            def exec_module(cls, module):
                import pathlib
                if module.__name__ == 'ubelt': module.Path = pathlib.Path
                elif module.__name__ in ('magnet', 'magnet.helm_outputs', 'magnet.backends.helm.helm_outputs'):
                    module.__dict__.update(cls.classes())

            made = None

            @classmethod
            def classes(cls):
                if cls.made is None: cls.made = cls.make()
                return cls.made

            @staticmethod
            def make():
                import glob
                import pathlib
                import subprocess
                tables = {}

                def table(kind, paths):
                    import pandas
                    if not paths: raise ValueError('No objects to concatenate')
                    key = (kind, tuple(map(os.fspath, paths)))
                    if key not in tables:
                        done = subprocess.run([card['binary'], 'table', kind, *key[1], '--format', 'ndjson'],
                                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                        if done.returncode: raise RuntimeError(done.stderr.decode('utf-8', 'replace').strip())
                        tables[key] = pandas.DataFrame([json.loads(line) for line in done.stdout.splitlines()])
                    return tables[key].copy()

                class HelmRuns:
                    """Some runs."""

                    def __init__(self, paths): self.paths = [pathlib.Path(p) for p in paths]

                    @classmethod
                    def coerce(cls, x):
                        if isinstance(x, HelmRuns): return x
                        if isinstance(x, HelmSuite): return x.runs()
                        items = [x] if isinstance(x, (str, os.PathLike)) else x
                        paths = [os.fspath(getattr(item, 'path', item)) for item in items]
                        return cls(found for path in paths
                                   for found in ([path] if os.path.exists(path) else sorted(glob.glob(path, recursive=True))))

                    def __len__(self): return len(self.paths)
                    def __iter__(self): return (HelmRun(p) for p in self.paths)
                    def __getitem__(self, index):
                        return HelmRuns(self.paths[index]) if isinstance(index, slice) else HelmRun(self.paths[index])
                    def __repr__(self): return f'<HelmRuns({len(self)})>'
                    def existing(self): return HelmRuns(p for p in self.paths if (p / 'run_spec.json').exists())
                    def stats(self): return table('stats', self.paths)
                    def run_spec(self): return table('run-specs', self.paths)
                    def per_instance_stats(self): return table('per-instance-stats', self.paths)
                    def scenario_state(self): return table('scenario-states', self.paths)

                class HelmRun:
                    """One run."""

                    def __init__(self, path): self.path = pathlib.Path(path)
                    @classmethod
                    def coerce(cls, x): return x if isinstance(x, HelmRun) else cls(x)
                    @property
                    def name(self): return self.path.name
                    def __repr__(self): return f'<HelmRun({self.name})>'
                    def stats(self): return table('stats', [self.path])
                    def run_spec(self): return table('run-specs', [self.path])
                    def per_instance_stats(self): return table('per-instance-stats', [self.path])
                    def scenario_state(self): return table('scenario-states', [self.path])

                class HelmSuite:
                    """The runs of a suite."""

                    def __init__(self, path): self.path = pathlib.Path(path)
                    @classmethod
                    def coerce(cls, x): return x if isinstance(x, HelmSuite) else cls(x)
                    @property
                    def name(self): return self.path.name
                    def __repr__(self): return f'<HelmSuite({self.name})>'
                    def runs(self, pattern='*'):
                        return HelmRuns(p for p in sorted(self.path.glob(pattern)) if p.is_dir() and ':' in p.name)

                class HelmOutputs:
                    """A folder benchmark_output."""

                    def __init__(self, root_dir): self.root_dir = pathlib.Path(root_dir)
                    @classmethod
                    def coerce(cls, x): return x if isinstance(x, HelmOutputs) else cls(x)
                    def __repr__(self): return f'<HelmOutputs({self.root_dir})>'
                    def list_suites(self): return [s.name for s in self.suites()]
                    def suites(self, pattern='*'):
                        folders = sorted((self.root_dir / 'runs').glob(pattern))
                        return [HelmSuite(p) for p in folders if p.is_dir() and p.name != 'latest']

                return dict(HelmOutputs=HelmOutputs, HelmSuite=HelmSuite, HelmRuns=HelmRuns, HelmSuiteRuns=HelmRuns, HelmRun=HelmRun)

        return StandIns
    """#
}
