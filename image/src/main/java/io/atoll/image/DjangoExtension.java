package io.atoll.image;

import io.pebbletemplates.pebble.extension.AbstractExtension;
import io.pebbletemplates.pebble.extension.Filter;
import io.pebbletemplates.pebble.extension.Function;
import io.pebbletemplates.pebble.node.expression.BinaryExpression;
import io.pebbletemplates.pebble.node.expression.UnaryExpression;
import io.pebbletemplates.pebble.operator.Associativity;
import io.pebbletemplates.pebble.operator.BinaryOperator;
import io.pebbletemplates.pebble.operator.BinaryOperatorImpl;
import io.pebbletemplates.pebble.operator.BinaryOperatorType;
import io.pebbletemplates.pebble.operator.UnaryOperator;
import io.pebbletemplates.pebble.operator.UnaryOperatorImpl;
import io.pebbletemplates.pebble.template.EvaluationContext;
import io.pebbletemplates.pebble.template.EvaluationContextImpl;
import io.pebbletemplates.pebble.template.PebbleTemplate;
import io.pebbletemplates.pebble.template.PebbleTemplateImpl;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What Django's language has beyond the engine's: its filters, `in`, and the functions that the
/// translation uses.
final class DjangoExtension extends AbstractExtension {
    private final DjangoSyntax syntax;
    private final Map<String, String> config;

    DjangoExtension(DjangoSyntax syntax, Map<String, String> config) {
        this.syntax = syntax;
        this.config = config;
    }

    @Override
    public Map<String, Filter> getFilters() {
        Map<String, Filter> filters = new HashMap<>();
        DjangoFilters.ALL.forEach((name, filter) -> filters.put(name, new OneArgument(filter)));
        return filters;
    }

    @Override
    public Map<String, Function> getFunctions() {
        return Map.of(
                "text", new Call(2, a -> syntax.text((int) (long) (Long) a.getFirst())),
                "config_get", new Call(2, this::configGet),
                "once", new Call(0, a -> List.of("")),
                "now", new Call(0, a -> ZonedDateTime.now(ZoneOffset.UTC)));
    }

    private Object configGet(List<Object> arguments) {
        String value =
                config.get(DjangoFilters.text(arguments.isEmpty() ? "" : arguments.getFirst()));
        if (value == null) {
            return arguments.size() > 1 ? arguments.get(1) : "";
        }
        return value.replaceAll("\n+$", "");
    }

    /// The engine's own `and`, `or` and `not` take booleans only, and its `not` reaches over the
    /// `and` behind it.
    @Override
    public List<BinaryOperator> getBinaryOperators() {
        return List.of(
                binary("or", 10, Or::new),
                binary("and", 15, And::new),
                binary("isin", 30, In::new),
                binary("notin", 30, NotIn::new));
    }

    @Override
    public List<UnaryOperator> getUnaryOperators() {
        return List.of(new UnaryOperatorImpl("not", 18, Not.class));
    }

    private static BinaryOperator binary(
            String symbol, int precedence, Supplier<BinaryExpression<?>> node) {
        return new BinaryOperatorImpl(
                symbol, precedence, node, BinaryOperatorType.NORMAL, Associativity.LEFT);
    }

    private record OneArgument(DjangoFilters.Filter filter) implements Filter {
        @Override
        public List<String> getArgumentNames() {
            return List.of("argument");
        }

        @Override
        public @Nullable Object apply(
                @Nullable Object input,
                Map<String, Object> arguments,
                PebbleTemplate self,
                EvaluationContext context,
                int line) {
            return filter.apply(input, arguments.get("argument"));
        }
    }

    private record Call(int argumentsMax, java.util.function.Function<List<Object>, Object> body)
            implements Function {
        @Override
        public List<String> getArgumentNames() {
            return List.of("a", "b").subList(0, argumentsMax);
        }

        @Override
        public Object execute(
                Map<String, Object> arguments,
                PebbleTemplate self,
                EvaluationContext context,
                int line) {
            return body.apply(
                    getArgumentNames().stream()
                            .filter(arguments::containsKey)
                            .map(arguments::get)
                            .map(a -> a == null ? "" : a)
                            .toList());
        }
    }

    private abstract static class Test extends BinaryExpression<Object> {
        boolean left(PebbleTemplateImpl self, EvaluationContextImpl context) {
            return DjangoFilters.isTrue(getLeftExpression().evaluate(self, context));
        }

        boolean right(PebbleTemplateImpl self, EvaluationContextImpl context) {
            return DjangoFilters.isTrue(getRightExpression().evaluate(self, context));
        }

        boolean contained(PebbleTemplateImpl self, EvaluationContextImpl context) {
            Object all = getRightExpression().evaluate(self, context);
            String one = DjangoFilters.text(getLeftExpression().evaluate(self, context));
            return switch (all) {
                case CharSequence text -> text.toString().contains(one);
                case null, default ->
                        DjangoFilters.list(all).stream()
                                .map(DjangoFilters::text)
                                .anyMatch(one::equals);
            };
        }
    }

    private static final class Or extends Test {
        @Override
        public Object evaluate(PebbleTemplateImpl self, EvaluationContextImpl context) {
            return left(self, context) || right(self, context);
        }
    }

    private static final class And extends Test {
        @Override
        public Object evaluate(PebbleTemplateImpl self, EvaluationContextImpl context) {
            return left(self, context) && right(self, context);
        }
    }

    private static final class In extends Test {
        @Override
        public Object evaluate(PebbleTemplateImpl self, EvaluationContextImpl context) {
            return contained(self, context);
        }
    }

    private static final class NotIn extends Test {
        @Override
        public Object evaluate(PebbleTemplateImpl self, EvaluationContextImpl context) {
            return !contained(self, context);
        }
    }

    /// Public with a public constructor because the engine makes it by reflection.
    public static final class Not extends UnaryExpression {
        @Override
        public Object evaluate(PebbleTemplateImpl self, EvaluationContextImpl context) {
            return !DjangoFilters.isTrue(getChildExpression().evaluate(self, context));
        }
    }
}
