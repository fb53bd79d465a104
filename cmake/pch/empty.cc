// Carries the precompiled headers: a target that others share one with needs a source.
int main() { return 0; }
